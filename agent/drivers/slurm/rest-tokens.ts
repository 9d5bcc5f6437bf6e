/** Tokens of the users for slurmrestd: minted by weir-as, in memory only, and never in a note or an error. */
export type Tokens = {
  readonly of: (user: string) => Promise<string>;
  /** One that was refused is not used again. */
  readonly discard: (user: string, token: string) => void;
  /** Whatever there is of the user's is not used again. */
  readonly forget: (user: string) => void;
};

export type TokenSettings = {
  readonly mint: (user: string, lifeS: number) => Promise<{ readonly token: string; readonly expiresInS: number }>;
  /** The longest life that the policy allows; 0: it allows no tokens. */
  readonly mostLifeS: () => Promise<number>;
  readonly monotonicMs: () => number;
};

/** An hour is enough to be minted seldom; a shorter one does less harm where it is stolen. */
const wantedLifeS = 3600;

export function openTokens({ mint, mostLifeS, monotonicMs }: TokenSettings): Tokens {
  type Kept = { readonly token: string; readonly renewAtMs: number };
  const kept = new Map<string, Kept>();
  const minting = new Map<string, Promise<Kept>>();

  async function fresh(user: string): Promise<Kept> {
    const askedMs = monotonicMs();
    const most = await mostLifeS();
    const { token, expiresInS } = await mint(user, Math.max(1, Math.min(wantedLifeS, most)));
    // A request may wait in slurmrestd and slurmctld: with a third of its life left a token is renewed.
    return { token, renewAtMs: askedMs + (expiresInS * 1000 * 2) / 3 };
  }

  async function of(user: string): Promise<string> {
    const have = kept.get(user);
    if (have !== undefined && monotonicMs() < have.renewAtMs) return have.token;
    const under = minting.get(user) ?? fresh(user);
    minting.set(user, under);
    try {
      const made = await under;
      // What its user took back while it was made is used for nothing.
      if (minting.get(user) !== under && kept.get(user) !== made) return of(user);
      kept.set(user, made);
      return made.token;
    } finally {
      if (minting.get(user) === under) minting.delete(user);
    }
  }

  return {
    of,
    discard(user, token) {
      if (kept.get(user)?.token === token) kept.delete(user);
    },
    forget(user) {
      kept.delete(user);
      minting.delete(user);
    },
  };
}
