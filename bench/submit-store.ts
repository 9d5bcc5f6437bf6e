import { centreId, type JobId, runId } from "#core/ids.ts";
import { sampleAllocation, sampleUsage } from "#core/sample-testing.ts";
import { createWorld } from "#core/scheduling/world.ts";
import type { Placement } from "#core/scheduling/world-plan.ts";
import { asRun, engine, openAgent, openInside, succeeded } from "#server/loops/testing.ts";
import { readWorld } from "#server/store/read-world.ts";
import type { Submission } from "#server/store/submission.ts";
import { admitted, idsOf, member, submission, tenant, testStore } from "#server/store/testing.ts";
import { openTransitionWriter } from "#server/store/transitions.ts";
import { openSubmitWriter } from "#server/store/writer.ts";

/**
 * What the store alone can do, without HTTP: `node bench/submit-store.ts [rows to load]`. The figures are printed as a
 * table and, last, as one line of JSON. PostgreSQL runs with fsync, on the machine's temporary folder.
 */
const rowsToLoad = Number(process.argv[2] ?? 1_000_000);
const store = await testStore({ fsync: true });
const figures: Record<string, number> = {};
const submits = openSubmitWriter(store.db);
const transitions = openTransitionWriter(store.db);

function figure(name: string, value: number): void {
  figures[name] = Math.round(value * 10) / 10;
  console.log(`${name.padEnd(44)} ${figures[name]}`);
}

async function submit(asked: Submission): Promise<JobId[]> {
  const answer = await submits.submit(asked);
  if (answer.kind === "refused") throw new Error(JSON.stringify(answer.refusal));
  return idsOf(answer.body);
}

/** So many clients, each with its next submission as soon as the last one is answered. */
async function rate(clients: number, seconds: number, make: () => Submission): Promise<number> {
  let jobs = 0;
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < endMs) {
        const ids = await submit(make());
        jobs += ids.length;
      }
    }),
  );
  return (jobs * 1000) / (performance.now() - startMs);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await act();
  return performance.now() - startMs;
}

async function median(times: number, act: () => Promise<unknown>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < times; i += 1) all.push(await timed(act));
  return all.sort((a, b) => a - b)[Math.floor(times / 2)] ?? 0;
}

const one = () => submission([admitted()]);
const thousand = Array.from({ length: 1_000 }, () => admitted());
const tenThousand = { ranges: [{ first: 1, last: 10_000, step: 1 }], throttle: null };
const hundredThousand = { ranges: [{ first: 1, last: 100_000, step: 1 }], throttle: null };
await rate(32, 1, one);
figure("single submits/s, 1 client", await rate(1, 3, one));
figure("single submits/s, 32 clients", await rate(32, 4, one));
figure("single submits/s, 256 clients", await rate(256, 4, one));
figure("bulk jobs/s, calls of 1000, 2 clients", await rate(2, 5, () => submission(thousand)));
const array = () => submission([admitted({ array: tenThousand }, "1-10000")]);
figure("array of 10 000 accepted, ms (median of 5)", await median(5, () => submit(array())));

const epoch = await transitions.takeEpoch();
await store.db.pool.query("update centre set session = 1 where id = 'alpha'");
const alpha = centreId("alpha");
const placement = (job: JobId): Placement => ({
  job,
  index: 0,
  attempt: 1,
  centre: alpha,
  pool: "default",
  allocation: sampleAllocation,
  starts: "now",
  leaseMs: null,
  candidates: [],
});
const work = await submit(submission(Array.from({ length: 6_000 }, () => admitted())));
figure(
  "placed and ended one by one, ms a task",
  (await timed(async () => {
    for (const job of work.slice(0, 200)) {
      await transitions.place([placement(job)], 0, epoch);
      await transitions.observe(alpha, 1, [ended(job)]);
    }
  })) / 200,
);
figure(
  "tasks/s placed, started and ended by 64",
  5_000_000 /
    (await timed(async () => {
      const left = work.slice(1_000);
      await Promise.all(
        Array.from({ length: 64 }, async () => {
          for (let job = left.pop(); job !== undefined; job = left.pop()) {
            await transitions.place([placement(job)], 0, epoch);
            const run = runId({ job, index: 0, attempt: 1 });
            await transitions.observe(alpha, 1, [{ kind: "started", run, atMs: 1, evidence: "pid" }]);
            await transitions.observe(alpha, 1, [ended(job)]);
          }
        }),
      );
    })),
);

const [big] = await submit(submission([admitted({ array: hundredThousand }, "1-100000")]));
if (big === undefined) throw new Error("no array");
const cancel = {
  tenant,
  person: member,
  idempotency: null,
  job: big,
  index: null,
  by: "user",
  reason: null,
  status: 200,
  answer: String,
} as const;
figure("cancel of an array of 100 000, ms", await timed(() => transitions.cancel(cancel)));

await latency();

const have = (await store.db.pool.query<{ n: number }>("select sum(queued)::int as n from job")).rows[0]?.n ?? 0;
for (let left = rowsToLoad - have; left > 0; left -= 10_000)
  await submit(submission(Array.from({ length: Math.min(left, 10_000) }, () => admitted())));
await store.db.pool.query("analyze");
const world = createWorld();
const loadMs = await timed(() => readWorld(store.db, (event) => world.apply(event)));
figure(`load of ${world.counts().queued} queued tasks, ms`, loadMs);
figure("queued jobs among them", world.counts().jobs);
figure("resident after the load, MiB", process.memoryUsage.rss() / 1_048_576);
await submits.close();
await transitions.close();
await store.end();
console.log(JSON.stringify(figures));

function ended(job: JobId) {
  const run = runId({ job, index: 0, attempt: 1 });
  return { kind: "ended", run, atMs: 2, end: { kind: "succeeded" }, usage: sampleUsage, words: null } as const;
}

/** From the submission to the order in the hands of an agent that waits for it, on an idle network. */
async function latency(): Promise<void> {
  await store.db.pool.query("update job set state = 'ended', ended = task_count, queued = 0 where state <> 'ended'");
  const inside = await openInside(store.db);
  const agent = await openAgent(inside.desk);
  await agent.sync({ engine });
  const all: number[] = [];
  for (let i = 0; i < 200; i += 1) {
    const poll = agent.sync({ waitMs: 10_000 });
    const startMs = performance.now();
    await inside.submits.submit(one());
    const { start } = await poll;
    all.push(performance.now() - startMs);
    await agent.sync({ see: start.map(({ run }) => succeeded(asRun(run))) });
  }
  all.sort((a, b) => a - b);
  figure("submission to order at the agent, ms, median", all[100] ?? 0);
  figure("submission to order at the agent, ms, p99", all[198] ?? 0);
  await inside.close();
}
