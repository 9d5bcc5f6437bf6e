/**
 * Steps that many ask for at about the same time, for one transaction: where more than a few have lately asked, none is
 * passed on sooner than `everyMs` after those before it. Alone, or among a few, each is passed on at once: then nothing
 * is to be gained from waiting, and somebody may be looking.
 */
export type Gathering<Step> = {
  readonly add: (step: Step, from: string) => void;
  /** All that has gathered, now: something came that must not wait, or there will be no later. */
  readonly flush: () => void;
};

export function openGathering<Step>(pass: (step: Step) => void, settings: GatherSettings = {}): Gathering<Step> {
  const { everyMs = 40, few = 4, now = () => performance.now() } = settings;
  let gathered: Step[] = [];
  let passedMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;
  /** When each was last heard, in the order of that. */
  const heard = new Map<string, number>();

  function flush(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    if (gathered.length === 0) return;
    passedMs = now();
    const steps = gathered;
    gathered = [];
    for (const step of steps) pass(step);
  }

  function areMany(nowMs: number): boolean {
    for (const [from, atMs] of heard) {
      if (nowMs - atMs <= latelyMs) break;
      heard.delete(from);
    }
    return heard.size > few;
  }

  return {
    add: (step, from) => {
      const nowMs = now();
      heard.delete(from);
      heard.set(from, nowMs);
      gathered.push(step);
      if (timer) return;
      const leftMs = passedMs + everyMs - nowMs;
      if (leftMs <= 0 || !areMany(nowMs)) flush();
      else timer = setTimeout(flush, leftMs);
    },
    flush,
  };
}

const latelyMs = 500;

export type GatherSettings = {
  readonly everyMs?: number;
  readonly few?: number;
  /** For tests. */
  readonly now?: () => number;
};
