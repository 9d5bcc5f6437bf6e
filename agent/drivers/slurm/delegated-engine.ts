import { type Engine, PolicyRefusal, type TaggedJob } from "./engine.ts";
import type { RestEngine } from "./rest.ts";

/**
 * slurmrestd and Slurm's commands with tokens that users lend (weir-by-token). A token ends while work waits or runs, and
 * what can be done without one is done: jobs are looked at with the agent's own eyes, where what it does not see counts
 * for nothing; cancels wait until the user has lent another one.
 */
export type DelegatedEngine = RestEngine & {
  /** What waited for this user's credential is done, as far as it goes; `done`: of this job. */
  readonly renewed: (user: string, done: (job: TaggedJob) => void) => Promise<void>;
};

export function delegatedEngine(
  rest: RestEngine,
  commands: Engine,
  note: (words: string, facts: object) => void,
): DelegatedEngine {
  type PutOff = { readonly job: TaggedJob; readonly which: "all" | "waiting" };
  /** By user, and by the tag and the engine's id of what is to be cancelled. */
  const waiting = new Map<string, Map<string, PutOff>>();

  function putOff(user: string, jobs: readonly TaggedJob[], which: "all" | "waiting"): void {
    const theirs = waiting.get(user) ?? new Map<string, PutOff>();
    waiting.set(user, theirs);
    for (const job of jobs) {
      const key = `${job.tag} ${job.id}`;
      if (theirs.get(key)?.which !== "all") theirs.set(key, { job, which });
    }
    note("a cancel waits until its user has lent a credential again", {
      user,
      jobs: jobs.map(({ id }) => id).join(" "),
    });
  }

  return {
    ...rest,
    get transport() {
      return rest.transport.replace("with weir-as", "with tokens that users lend");
    },

    async cancel(user, jobs, which) {
      try {
        return await rest.cancel(user, jobs, which);
      } catch (error) {
        if (!isWithoutCredential(error)) throw error;
        putOff(user, jobs, which);
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
      for (const [key, { job, which }] of [...theirs]) {
        try {
          await rest.cancel(user, [job], which);
        } catch (error) {
          if (isWithoutCredential(error)) return;
          throw error;
        }
        theirs.delete(key);
        done(job);
        note("a cancel that waited for a credential was done", { user, job: job.id });
      }
      if (theirs.size === 0) waiting.delete(user);
    },
  };
}

function isWithoutCredential(error: unknown): boolean {
  return error instanceof PolicyRefusal && error.rule === "credential";
}
