import { type Engine, PolicyRefusal } from "./engine.ts";

/** The policy's lines about who somebody is, and `user`: the machine's own tables know nobody of that name. */
const aboutUser = /^(?:user|root|min-uid|group|forbidden-user|forbidden-group)$/;

/** The site's policy does not let this user in now: by a word of the site, or since its user directory does not answer. */
export function isNotLetIn(error: unknown): error is PolicyRefusal {
  return error instanceof PolicyRefusal && aboutUser.test(error.rule);
}

export type LetInSettings = {
  readonly monotonicMs: () => number;
  /** A user is not let in any more, by this rule of the policy; or again: null. Told once each. */
  readonly changed: (user: string, rule: string | null) => void;
};

/** Each refusal is a line of the site's audit, and an alert. */
const firstPauseMs = 10_000;
const longestPauseMs = 300_000;

/**
 * The engine for what is done again and again about runs that are under way. Of a user who is not let in it is asked after
 * 10 s, then after twice as long, at most 5 min, by whoever comes first; everybody else has the last refusal. Submissions
 * and what operators do always ask.
 */
export function sparingWhoIsNotLetIn(engine: Engine, { monotonicMs, changed }: LetInSettings): Engine {
  const out = new Map<string, { refusal: PolicyRefusal; pauseMs: number; nextMs: number }>();

  async function ask<Answer>(user: string, what: () => Promise<Answer>): Promise<Answer> {
    const before = out.get(user);
    if (before && monotonicMs() < before.nextMs) throw before.refusal;
    if (before) before.nextMs = monotonicMs() + before.pauseMs;
    try {
      const answer = await what();
      if (out.delete(user)) changed(user, null);
      return answer;
    } catch (error) {
      if (!isNotLetIn(error)) throw error;
      // Others may have been on their way when the first was refused.
      if (before === undefined && out.has(user)) throw error;
      const pauseMs = before ? Math.min(longestPauseMs, 2 * before.pauseMs) : firstPauseMs;
      out.set(user, { refusal: error, pauseMs, nextMs: monotonicMs() + pauseMs });
      if (!before) changed(user, error.rule);
      throw error;
    }
  }

  return {
    ...engine,
    get transport() {
      return engine.transport;
    },
    cancel: (user, ...more) => ask(user, () => engine.cancel(user, ...more)),
    warn: (user, ...more) => ask(user, () => engine.warn(user, ...more)),
    list: (user, ...more) => ask(user, () => engine.list(user, ...more)),
    jobs: (user, ...more) => ask(user, () => engine.jobs(user, ...more)),
    records: (user, ...more) => ask(user, () => engine.records(user, ...more)),
    chunks: (user, ...more) => ask(user, () => engine.chunks(user, ...more)),
    fence: (user, ...more) => ask(user, () => engine.fence(user, ...more)),
  };
}
