import type { Driver } from "#agent/driver.ts";
import type { RunId } from "#core/ids.ts";
import type { RunObservation } from "#core/run-order.ts";
import { isTrialRun } from "./trial.ts";

/**
 * A driver that can be closed and opened again under those who use it, as a restart of the agent does: who asks
 * meanwhile waits. The runs of connection tests are told apart: the keeper of users' runs neither finds nor hears of
 * them.
 */
export type ReplaceableDriver = {
  /** For the keeper: users' runs alone. */
  readonly users: Driver;
  /** For the test: the engine as it is. */
  readonly trial: Driver;
  /** Closes the driver and opens another one; what ended in between is told as found. */
  readonly reopen: () => Promise<void>;
};

export async function openReplaceable(open: () => Promise<Driver>): Promise<ReplaceableDriver> {
  let current = await open();
  let ready: Promise<unknown> = Promise.resolve();
  let tellUser: (observation: RunObservation) => void = () => {};
  let tellTrial: (observation: RunObservation) => void = () => {};
  /** Of users, as far as this process has heard: what must be looked at after the driver was away. */
  const going = new Set<RunId>();

  function hear(observation: RunObservation): void {
    if (isTrialRun(observation.run)) {
      tellTrial(observation);
      return;
    }
    if (observation.kind === "ended") going.delete(observation.run);
    else going.add(observation.run);
    tellUser(observation);
  }
  current.listen(hear);

  async function replace(): Promise<void> {
    await current.close();
    current = await open();
    current.listen(hear);
    if (going.size === 0) return;
    for (const found of await current.find([...going])) {
      if (found.state === "ended") hear(found.observation);
      if (found.state === "running")
        hear({
          kind: "started",
          run: found.run,
          atMs: found.startedMs,
          evidence: "found after the driver was opened again",
        });
    }
  }

  const asked = async (): Promise<Driver> => {
    await ready;
    return current;
  };
  const trial: Driver = {
    name: current.name,
    describe: async () => (await asked()).describe(),
    // Orders of one turn must reach the engine in one turn (R6): nothing is awaited where nothing is under way.
    start: (order) => (pausing ? asked().then((driver) => driver.start(order)) : current.start(order)),
    cancel: async (run, warn) => (await asked()).cancel(run, warn),
    // Where nothing can be taken back, what is there goes on.
    withdraw: async (run) => (await asked()).withdraw?.(run) ?? "started",
    find: async (only) => (await asked()).find(only),
    ...(current.byTag && {
      byTag: async (run: RunId) => (await (await asked()).byTag?.(run)) ?? { queue: false, accounting: null },
    }),
    listen: (listener) => (tellTrial = listener),
    readLog: async (run, stream, offset, maxBytes) => (await asked()).readLog(run, stream, offset, maxBytes),
    remove: async (run) => (await asked()).remove(run),
    close: async () => (await asked()).close(),
  };
  let pausing = false;
  /** Those of the driver that is open now. */
  const accounts: Driver["accounts"] = {
    want: (pairs) => current.accounts?.want(pairs),
    readiness: () => current.accounts?.readiness() ?? [],
  };
  const endedBefore = async (atMs: number) =>
    ((await (await asked()).endedBefore?.(atMs)) ?? []).filter((run) => !isTrialRun(run));
  return {
    trial,
    users: {
      ...trial,
      ...(current.accounts && { accounts }),
      ...(current.notesBeforeStart && { notesBeforeStart: true }),
      begin: (session) => current.begin?.(session),
      start: (order) => {
        going.add(order.run);
        return trial.start(order);
      },
      find: async (only) => {
        const found = (await trial.find(only)).filter(({ run }) => !isTrialRun(run));
        for (const one of found) if (one.state !== "ended") going.add(one.run);
        return found;
      },
      ...(current.endedBefore && { endedBefore }),
      listen: (listener) => (tellUser = listener),
    },
    async reopen() {
      pausing = true;
      ready = replace().finally(() => (pausing = false));
      await ready;
    },
  };
}
