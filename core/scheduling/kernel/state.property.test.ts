import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Policy, policies } from "../policy.ts";
import type { Schedule, Workload } from "../replay/workload.ts";
import { createMachine } from "./create-machine.ts";
import { Ends } from "./ends.ts";
import { createGenerator } from "./generator.ts";
import { queuePolicy } from "./queue-policy.ts";
import { type classicNames, type PlainJob, scheduleOf, workloadOf } from "./scenario-testing.ts";
import { replayWeir } from "./weir.ts";

// One state, and what may differ between two ways to come to it or to go on from it.

const { weir } = policies;

/** Jobs that run at one centre, and at second `nowS`, before any of them is over, those that queue behind them. */
const state = fc
  .record({
    size: fc.integer({ min: 2, max: 12 }),
    running: fc.array(fc.record({ lastsS: fc.integer({ min: 1, max: 30 }), share: fc.nat(99) }), { maxLength: 8 }),
    queue: fc.array(fc.record({ lastsS: fc.integer({ min: 1, max: 30 }), share: fc.nat(99) }), {
      minLength: 1,
      maxLength: 12,
    }),
    nowS: fc.integer({ min: 1, max: 9 }),
    added: fc.integer({ min: 1, max: 12 }),
  })
  .map(({ size, running, queue, nowS, added }) => {
    let free = size;
    const needsOf = (share: number) => 1 + Math.floor((share * size) / 100);
    const runs = running.flatMap(({ lastsS, share }): readonly PlainJob[] => {
      const processors = Math.min(needsOf(share), free);
      free -= processors;
      return processors === 0 ? [] : [{ submitS: 0, ...lasting(nowS + lastsS), processors, home: 0 }];
    });
    const waits = queue.map(({ lastsS, share }) => ({
      ...{ submitS: nowS, ...lasting(lastsS), processors: needsOf(share), home: 0 },
    }));
    return { size, added, nowS, running: runs.length, jobs: [...runs, ...waits] };
  });

test("from one fixed state, added capacity never makes the head's reserved start later", () => {
  let later = 0;
  fc.assert(
    fc.property(state, fc.constantFrom("easy", "easy-sjbf", "sjf-easy", "saf-easy", "conservative"), (given, name) => {
      const { size, added, nowS, running, jobs } = given;
      const head = headOf(given, name);
      const reservedS = (processors: number) => {
        const workload = workloadOf([processors], jobs);
        const columns = { ...workload, ...emptySchedule(workload.count) };
        const policy = queuePolicy(policies[name]);
        assert.ok(policy);
        const machine = createMachine(columns, policy, { processors: [processors], first: 0 });
        for (let job = 0; job < running; job += 1) machine.submit(job);
        machine.pass(0);
        machine.advance(nowS);
        return machine.estimateStart(head, nowS);
      };
      const [before, after] = [reservedS(size), reservedS(size + added)];
      assert.ok(after <= before, `${name}: ${after} with ${added} more, ${before} without`);
      // And it is kept: whatever starts beside it there, it starts by then.
      const startS = scheduleOf(workloadOf([size + added], jobs), name).startS[head] ?? Number.POSITIVE_INFINITY;
      assert.ok(startS <= before, `${name}: it starts at ${startS}, ${before} was reserved on the smaller machine`);
      if (before > nowS) later += 1;
    }),
    { numRuns: 400 },
  );
  assert.ok(later > 100, `only ${later} heads had to wait`);
});

test("several centres, one queue: from one fixed state, capacity that is freed never makes the head start after its reservation", () => {
  let later = 0;
  const network = fc.record({
    sizes: fc.array(fc.integer({ min: 2, max: 12 }), { minLength: 2, maxLength: 3 }),
    running: fc.array(fc.record({ lastsS: fc.integer({ min: 1, max: 30 }), share: fc.nat(99) }), { maxLength: 8 }),
    queue: fc.array(fc.record({ lastsS: fc.integer({ min: 1, max: 30 }), share: fc.nat(99) }), {
      minLength: 1,
      maxLength: 12,
    }),
    held: fc.nat(99),
  });
  const names = fc.constantFrom("easy", "easy-sjbf", "sjf-easy", "saf-easy", "conservative");
  fc.assert(
    fc.property(network, names, ({ sizes, running, queue, held }, name) => {
      const largest = Math.max(...sizes);
      const needsOf = (share: number) => 1 + Math.floor((share * largest) / 100);
      // One a second, each placed before the next is known, the one that holds what may be freed before all.
      const nowS = running.length + 1;
      const first = (heldS: number): readonly PlainJob[] => [
        { submitS: 0, ...lasting(heldS), processors: needsOf(held), home: 0 },
      ];
      const runs = running.map(({ lastsS, share }, at) => ({
        ...{ submitS: at + 1, ...lasting(nowS + lastsS), processors: needsOf(share), home: 0 },
      }));
      const before = first(1_000_000);
      let atOnce = runs;
      for (let all = -1; all !== atOnce.length; ) {
        all = atOnce.length;
        const { startS } = scheduleOf(workloadOf(sizes, [...before, ...atOnce]), name, "central");
        atOnce = atOnce.filter((job, at) => startS[at + 1] === job.submitS);
      }
      const waits = queue.map(({ lastsS, share }) => ({
        ...{ submitS: nowS, ...lasting(lastsS), processors: needsOf(share), home: 0 },
      }));
      const [less, more] = [first(1_000_000), first(nowS)].map((held) => [...held, ...atOnce, ...waits]);
      const head = headOf({ running: atOnce.length + 1, jobs: less ?? [] }, name);
      const startOf = (jobs: readonly PlainJob[] = []) => {
        const schedule = scheduleOf(workloadOf(sizes, jobs), name, "central");
        for (const [at, job] of atOnce.entries()) assert.equal(schedule.startS[at + 1], job.submitS);
        return { startS: schedule.startS[head] ?? 0, centre: [...schedule.centre].slice(0, atOnce.length + 1) };
      };
      const [kept, freed] = [startOf(less), startOf(more)];
      assert.deepEqual(kept.centre, freed.centre);
      const reservedS = reservedStartS(
        sizes,
        (less ?? []).slice(0, atOnce.length + 1),
        kept.centre,
        less?.[head],
        nowS,
      );
      assert.ok(kept.startS <= reservedS, `${name}: it starts at ${kept.startS}, ${reservedS} was reserved`);
      assert.ok(freed.startS <= reservedS, `${name}: ${freed.startS} with what was freed, ${reservedS} was reserved`);
      if (reservedS > nowS) later += 1;
    }),
    { numRuns: 400 },
  );
  assert.ok(later > 50, `only ${later} heads had to wait`);
});

/** The earliest second at which some centre has room for the job by the ends of what runs. */
function reservedStartS(
  sizes: readonly number[],
  running: readonly PlainJob[],
  centre: readonly number[],
  job: PlainJob | undefined,
  nowS: number,
): number {
  const ends = running.map(({ submitS, estimateS, processors }, at) => ({
    ...{ atS: submitS + estimateS, processors, centre: centre[at] },
  }));
  const instants = [nowS, ...ends.map(({ atS }) => atS).filter((atS) => atS > nowS)].toSorted((a, b) => a - b);
  const hasRoom = (atS: number) =>
    sizes.some((size, at) => {
      const used = ends.reduce((sum, one) => sum + (one.centre === at && one.atS > atS ? one.processors : 0), 0);
      return size - used >= (job?.processors ?? 0);
    });
  return instants.find(hasRoom) ?? Number.POSITIVE_INFINITY;
}

test("weir: from one fixed state, added capacity never makes the promise to the first one past the guard's time later", () => {
  // The guard's time is over at once: all are served as they came, and who is first is the same however large the centre is.
  const guarded: Policy = { ...weir, maxWaitS: 0, guardLeadS: 0 };
  let later = 0;
  fc.assert(
    fc.property(state, fc.boolean(), ({ size, added, running, jobs }, looks) => {
      const policy = looks ? guarded : { ...guarded, lookahead: null };
      const promisedS = (processors: number) => {
        let first: number | null = null;
        const promised = (job: number, _: number, atS: number) => {
          if (job === running) first ??= atS;
        };
        const { startS } = replayWeir(workloadOf([processors], jobs), policy, 1, () => {}, { promised });
        return first ?? startS[running] ?? 0;
      };
      const [before, after] = [promisedS(size), promisedS(size + added)];
      assert.ok(after <= before, `${after} with ${added} more, ${before} without`);
      if (before > (jobs[running]?.submitS ?? 0)) later += 1;
    }),
    { numRuns: 300 },
  );
  assert.ok(later > 50, `only ${later} had to wait`);
});

/** Jobs of three people and two homes, several at each instant, no two of them with the same limit × processors. */
const crowd = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 20, max: 4000 }), { minLength: 8, maxLength: 40 }),
    fc.array(
      fc.record({ gapS: fc.nat(3), share: fc.integer({ min: 1, max: 100 }), who: fc.nat(3), needs: fc.nat(7) }),
      {
        minLength: 40,
        maxLength: 40,
      },
    ),
  )
  .map(([limits, drawn]) => {
    let submitS = 0;
    const areas = new Set<number>();
    return limits.flatMap((estimateS, at): readonly PlainJob[] => {
      const { gapS, share, who, needs } = drawn[at] ?? { gapS: 0, share: 50, who: 0, needs: 0 };
      submitS += gapS < 2 ? 0 : gapS * 40;
      const processors = 1 + needs;
      if (areas.has(processors * estimateS)) return [];
      areas.add(processors * estimateS);
      return [
        { submitS, runS: Math.max(1, Math.floor((estimateS * share) / 100)), estimateS, processors, home: who % 2 },
      ];
    });
  });

test("submissions of one instant may come in any order where the policy's own order leaves no ties", () => {
  // What goes by order of submission is left out: fcfs and its kin, and of weir's parts the guard, the virtual homes and the look ahead.
  const byScore: Policy = { ...weir, maxWaitS: null, homePriority: null, lookahead: null };
  let moved = 0;
  fc.assert(
    fc.property(crowd, fc.constantFrom("sjf", "sjf-easy", "saf-easy", "weir"), fc.integer(), (jobs, name, seed) => {
      const order = shuffledWithinInstants(jobs, seed);
      moved += order.filter((from, at) => from !== at).length;
      const there = order.map((from) => jobs[from] ?? jobs[0]).filter((job) => job !== undefined);
      const run = (listed: readonly PlainJob[]) => {
        // One home each: the order of homes would put them in order again.
        const workload = {
          ...workloadOf(
            [8],
            listed.map((job) => ({ ...job, home: 0 })),
          ),
          ...peopleOf(listed),
        };
        return name === "weir" ? replayWeir(workload, byScore, 1) : scheduleOf(workload, name);
      };
      const [before, after] = [run(jobs).startS, run(there).startS];
      for (const [at, from] of order.entries())
        assert.equal(after[at], before[from], `${name}: job ${from} that came as number ${at} of ${jobs.length}`);
    }),
    { numRuns: 200 },
  );
  assert.ok(moved > 500, `only ${moved} jobs were moved`);
});

test("weir: what ends at one instant may end in any order", () => {
  // All times are multiples of 20 s, so that many ends fall together; of histories the last job counts most.
  const policy: Policy = {
    ...weir,
    prediction: { shrinkage: 0.01, memory: 0.1 },
    homePriority: { afterS: 0, allowanceS: null, allowancePerJobS: 0 },
  };
  let together = 0;
  fc.assert(
    fc.property(crowd, fc.integer(), fc.boolean(), (drawn, seed, looks) => {
      const jobs = drawn.map(({ submitS, runS, estimateS, processors, home }) => ({
        ...{ submitS: submitS - (submitS % 20), runS: 20 * (1 + (runS % 5)), estimateS: 100 * (1 + (estimateS % 2)) },
        ...{ processors: 1 + (processors % 3), home },
      }));
      const workload = workloadOf([4, 3], jobs);
      const settings: Policy = { ...policy, lookahead: looks ? weir.lookahead : null };
      const ends = new ShuffledEnds(seed);
      const there = replayWeir(workload, settings, 1, () => {}, { ends });
      const here = replayWeir(workload, settings, 1);
      assert.deepEqual([...there.startS], [...here.startS]);
      assert.deepEqual([...there.centre], [...here.centre]);
      together += ends.swapped;
    }),
    { numRuns: 200 },
  );
  assert.ok(together > 100, `only ${together} ends were taken in another order`);
});

/** Jobs by when they end; of those that end together any may be next. */
class ShuffledEnds {
  swapped = 0;
  readonly #ends = new Ends();
  readonly #taken: number[] = [];
  #takenS = Number.NEGATIVE_INFINITY;
  readonly #generator: { below(limit: number): number };

  constructor(seed: number) {
    this.#generator = createGenerator(seed);
  }

  get count(): number {
    return this.#ends.count + this.#taken.length;
  }

  get nextS(): number {
    return this.#taken.length > 0 ? this.#takenS : this.#ends.nextS;
  }

  add(job: number, endS: number): void {
    this.#ends.add(job, endS);
  }

  pop(): number {
    if (this.#taken.length === 0) {
      this.#takenS = this.#ends.nextS;
      while (this.#ends.count > 0 && this.#ends.nextS === this.#takenS) this.#taken.push(this.#ends.pop());
    }
    const at = this.#generator.below(this.#taken.length);
    if (at > 0) this.swapped += 1;
    return this.#taken.splice(at, 1)[0] ?? -1;
  }
}

function lasting(forS: number): { readonly runS: number; readonly estimateS: number } {
  return { runS: forS, estimateS: forS };
}

/** The first of those that queue, by the policy's own order. */
function headOf(
  { running, jobs }: { readonly running: number; readonly jobs: readonly PlainJob[] },
  name: (typeof classicNames)[number],
): number {
  const key = ({ estimateS, processors }: PlainJob) =>
    name === "sjf-easy" ? estimateS : name === "saf-easy" ? estimateS * processors : 0;
  const queued = jobs.map((job, at) => ({ at, key: key(job) })).slice(running);
  return queued.toSorted((a, b) => a.key - b.key || a.at - b.at)[0]?.at ?? -1;
}

function emptySchedule(count: number): Schedule {
  return { startS: new Int32Array(count).fill(-1), centre: new Uint16Array(count) };
}

/** Places of the list in another order, in which submissions do not go back. */
function shuffledWithinInstants(jobs: readonly PlainJob[], seed: number): readonly number[] {
  const generator = createGenerator(seed);
  const chance = jobs.map(() => generator.below(1_000_000));
  const places = jobs.map((_, at) => at);
  return places.toSorted(
    (a, b) => (jobs[a]?.submitS ?? 0) - (jobs[b]?.submitS ?? 0) || (chance[a] ?? 0) - (chance[b] ?? 0),
  );
}

/** Two people of one project each, told by the home they were drawn with. */
function peopleOf(jobs: readonly PlainJob[]): Pick<Workload, "person" | "project"> {
  return { person: Int32Array.from(jobs, ({ home }) => home), project: Int32Array.from(jobs, ({ home }) => home) };
}
