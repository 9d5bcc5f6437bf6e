import { type Engine, PolicyRefusal } from "./engine.ts";
import type { RestEngine } from "./rest.ts";

/**
 * slurmrestd and Slurm's commands with tokens that users lend (weir-by-token). A token ends while work waits or runs, and
 * what can be done without one is done: jobs are looked at with the agent's own eyes, where what it does not see counts
 * for nothing; cancels wait until the user has lent another one.
 */
export type DelegatedEngine = RestEngine & {
  /** What waited for this user's credential is done, as far as it goes; `done`: of the job with this id of the engine. */
  readonly renewed: (user: string, done: (engineId: string) => void) => Promise<void>;
};

export function delegatedEngine(
  rest: RestEngine,
  commands: Engine,
  note: (words: string, facts: object) => void,
): DelegatedEngine {
  /** By user, and by the engine's id of what is to be cancelled. */
  const waiting = new Map<string, Map<string, "all" | "waiting">>();

  function putOff(user: string, engineIds: readonly string[], which: "all" | "waiting"): void {
    const theirs = waiting.get(user) ?? new Map<string, "all" | "waiting">();
    waiting.set(user, theirs);
    for (const id of engineIds) if (theirs.get(id) !== "all") theirs.set(id, which);
    note("a cancel waits until its user has lent a credential again", { user, jobs: engineIds.join(" ") });
  }

  return {
    ...rest,
    get transport() {
      return rest.transport.replace("with weir-as", "with tokens that users lend");
    },

    async cancel(user, engineIds, which) {
      try {
        return await rest.cancel(user, engineIds, which);
      } catch (error) {
        if (!isWithoutCredential(error)) throw error;
        putOff(user, engineIds, which);
        return { notThere: [], waitsFor: "credential" };
      }
    },

    async jobs(user, engineIds) {
      try {
        return await rest.jobs(user, engineIds);
      } catch (error) {
        if (!isWithoutCredential(error)) throw error;
        return commands.jobs(user, engineIds);
      }
    },

    async renewed(user, done) {
      const theirs = waiting.get(user);
      if (theirs === undefined) return;
      for (const [id, which] of [...theirs]) {
        try {
          await rest.cancel(user, [id], which);
        } catch (error) {
          if (isWithoutCredential(error)) return;
          throw error;
        }
        theirs.delete(id);
        done(id);
        note("a cancel that waited for a credential was done", { user, job: id });
      }
      if (theirs.size === 0) waiting.delete(user);
    },
  };
}

function isWithoutCredential(error: unknown): boolean {
  return error instanceof PolicyRefusal && error.rule === "credential";
}
