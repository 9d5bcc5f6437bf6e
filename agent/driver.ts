import type { Quota, ToldAccount } from "#core/centre/accounts.ts";
import type { DriverName } from "#core/centre/centre.ts";
import type { EngineReport } from "#core/centre/engine.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation, RunOrder } from "#core/run-order.ts";

/**
 * What an engine (process, Slurm, Kubernetes, simulated) must offer to the agent. The agent journals an intent before
 * `start` and forgets it only once the server has acknowledged the end; the driver finds its runs again by itself.
 */
export interface Driver {
  readonly name: DriverName;
  /**
   * What it is about to start is on its own disk before, and `find` answers by that: then the agent's own intents need
   * not be, and a start waits for one sync, not for two. A run whose intent was lost with the power is asked for by
   * `find` with the first whole list.
   */
  readonly notesBeforeStart?: boolean;
  /**
   * A session of this centre's agent begins, before its first orders: its number, each one more than the last of any
   * agent, and what this network's runs are known by at the engine. Absent where an engine can have no runs of which the
   * agent's own folder does not know.
   */
  begin?(session: { readonly session: number; readonly mark: string }): void;
  /** What this centre has, as reported with each sync; cheap, called often. */
  describe(): Promise<EngineReport>;
  /**
   * Starts the run, or finds that it was already started (then it is not started again). Resolves once the start is
   * certain or refused for good; throws where it is in doubt, and the agent asks `find` before it tries again (R3).
   * Orders that arrive together are asked for in one turn of the event loop: an engine with arrays of its own may take
   * the tasks of one array together (R6).
   */
  start(order: RunOrder): Promise<StartAnswer>;
  /**
   * Takes a run back that has not started; one that has goes on. Its end, if it comes to that, is told as withdrawn.
   * Absent where nothing waits in a queue of the engine's own.
   */
  withdraw?(run: RunId): Promise<"asked" | "started" | "not-there">;
  /**
   * SIGTERM, then SIGKILL of the whole tree after the grace; resolves when the request is in the engine's hands. `warn`: it
   * makes room for others, and where its job asked for a warning that comes first, so long before. Asked again without,
   * it waits no longer.
   */
  cancel(run: RunId, warn?: boolean): Promise<"cancelling" | "not-there" | "already-ended">;
  /**
   * The runs of which the engine has a trace: of all that this driver knows of, or of those asked for, be they another
   * agent's of this centre. Ended ones stay until they are removed. Throws where the engine does not answer.
   */
  find(only?: readonly RunId[]): Promise<readonly FoundRun[]>;
  /**
   * Whether the engine itself has the run's tag, not by what this driver noted: in its queue, and in its accounting, null
   * where it keeps none. Absent where an engine has no tags. A listing each time.
   */
  byTag?(run: RunId): Promise<{ readonly queue: boolean; readonly accounting: boolean | null }>;
  /** Runs that had ended by then and were not removed. Absent where `find` of all costs little. */
  endedBefore?(atMs: number): Promise<readonly RunId[]>;
  /** Observations as they happen. One listener; what happened before it listened is found by `find`. */
  listen(onObservation: (observation: RunObservation) => void): void;
  /** Absent where runs need no local user's account. */
  readonly accounts?: LocalAccounts;
  /** At most 1 MiB. A negative offset counts from the end; the answer says where the piece begins. */
  readLog(run: RunId, stream: "stdout" | "stderr", offset: number, maxBytes: number): Promise<LogRead>;
  /** Removes the run's folder and gives its uid back. */
  remove(run: RunId): Promise<void>;
  close(): Promise<void>;
}

export type AskedAccount = {
  readonly person: { readonly id: number; readonly name: string };
  readonly project: { readonly id: number; readonly name: string };
  /** Absent: the server does not say. */
  readonly quota?: Quota | undefined;
};

/** Who of the network is whom at this centre stays here (P2); only how far it is with each pair is told, and which are the same. */
export type LocalAccounts = {
  /** All that the network asks for: kept, and worked on from now on. */
  want(pairs: readonly AskedAccount[]): void;
  /** Of all that was asked for. */
  readiness(): readonly ToldAccount[];
};

export type StartAnswer =
  | { readonly kind: "started" }
  /** It is in the engine's queue under this id; `waiting`, `started` and `ended` follow as observations. */
  | { readonly kind: "queued"; readonly engineId: string }
  | { readonly kind: "already-there" }
  /**
   * Nothing was started and nothing will be: the words go to the user. `definite`: the centre has said no to this job in so
   * many words, so the run ends as refused and the job never comes back here; all else is a fault of the platform.
   */
  | { readonly kind: "refused"; readonly words: string; readonly definite?: true }
  /** Not now (no free uid, no free cores): try again while the lease lasts. */
  | { readonly kind: "busy"; readonly words: string };

export type FoundRun =
  | { readonly run: RunId; readonly state: "waiting"; readonly engineId: string }
  | {
      readonly run: RunId;
      readonly state: "running";
      readonly startedMs: number;
      /** As in its observation. */
      readonly nodes?: string | undefined;
    }
  | { readonly run: RunId; readonly state: "ended"; readonly observation: RunObservation };

export type LogRead =
  | {
      readonly kind: "bytes";
      readonly bytes: Uint8Array;
      readonly offset: number;
      readonly sizeBytes: number;
      readonly final: boolean;
    }
  | { readonly kind: "none"; readonly words: string };
