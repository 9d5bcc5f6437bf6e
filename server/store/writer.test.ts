import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Dependency, JobSpec } from "#core/job/spec.ts";
import { specOfRow } from "./job-spec.ts";
import type { Submitted } from "./submission.ts";
import { admitted, idsOf, spec, stranger, submission, type TestStore, testStore } from "./testing.ts";
import { openSubmitWriter, type SubmitWriter } from "./writer.ts";

let store: TestStore;
let writer: SubmitWriter;
before(async () => {
  store = await testStore();
  writer = openSubmitWriter(store.db);
});
after(async () => {
  await writer.close();
  await store.end();
});

function ids(answer: Submitted): number[] {
  assert.equal(answer.kind, "committed", JSON.stringify(answer));
  return answer.kind === "committed" ? idsOf(answer.body) : [];
}

function refusal(answer: Submitted): string {
  return answer.kind === "refused" ? answer.refusal.kind : answer.kind;
}

async function count(sql: string, values: unknown[] = []): Promise<number> {
  return (await store.db.pool.query<{ n: number }>(`select count(*)::int as n from ${sql}`, values)).rows[0]?.n ?? -1;
}

test("many submissions at once share few transactions, and each gets its own consecutive id", async () => {
  const before = await count("event");
  const answers = await Promise.all(Array.from({ length: 200 }, () => writer.submit(submission([admitted()]))));
  const given = answers.flatMap(ids);
  assert.deepEqual(
    given,
    Array.from({ length: 200 }, (_, i) => (given[0] ?? 0) + i),
  );
  // One event for each commit: all are of one person and project.
  const commits = (await count("event")) - before;
  assert.ok(commits >= 1 && commits <= 3, `${commits} transactions`);
  const { rows } = await store.db.pool.query(
    "select jsonb_array_elements_text(detail -> 'jobs')::int as job from event where kind = 'submitted' order by xid desc, seq, job",
  );
  const told = rows.map((row) => row.job).filter((job) => job >= (given[0] ?? 0));
  assert.deepEqual(
    told.toSorted((a, b) => a - b),
    given,
  );
});

test("only what is kept is told of after a commit", async () => {
  const told: number[][] = [];
  const other = openSubmitWriter(store.db, {
    onCommitted: ({ entries }) => told.push(entries.flatMap((one) => one.ids)),
  });
  const first = submission([admitted()], "told-once");
  const given = ids(await other.submit(first));
  await other.submit(first);
  assert.deepEqual(told, [given]);
  await other.close();
});

test("the next batch is on its way before the answers to the last one are given", async () => {
  const heard: string[] = [];
  const submitTold = () => other.submit(submission([admitted()])).then(() => heard.push("told"));
  const second = Promise.withResolvers<number>();
  const other = openSubmitWriter(store.db, {
    onSending: () => {
      if (heard.push("sent") === 1) submitTold().then(second.resolve);
    },
    onCommitted: () => heard.push("kept"),
  });
  await submitTold();
  await second.promise;
  assert.deepEqual(heard, ["sent", "kept", "sent", "told", "kept", "told"]);
  await other.close();
});

test("a mistake of who is told of a commit neither undoes nor doubles it", async () => {
  const other = openSubmitWriter(store.db, {
    onCommitted: () => {
      throw new Error("a mistake");
    },
  });
  const before = await count("job");
  const answers = await Promise.all(
    [1, 2, 3].map(() => other.submit({ ...submission([admitted()]), idempotency: null })),
  );
  assert.equal(new Set(answers.flatMap(ids)).size, 3);
  assert.equal(await count("job"), before + 3);
  await other.close();
});

test("all that was added is answered when the writer has closed", async () => {
  const other = openSubmitWriter(store.db);
  let told = 0;
  for (let n = 0; n < 3; n += 1) void other.submit(submission([admitted()])).then(() => (told += 1));
  await other.close();
  assert.equal(told, 3);
});

test("only what is kept takes ids", async () => {
  const first = submission([admitted()], "ids-once");
  const [id = 0] = ids(await writer.submit(first));
  for (let n = 0; n < 3; n += 1) {
    assert.deepEqual(ids(await writer.submit(first)), [id]);
    const other = submission([admitted()], "ids-once", "another body");
    assert.equal(refusal(await writer.submit(other)), "idempotency-conflict");
  }
  // Refused by PostgreSQL, which takes no NUL.
  assert.equal(refusal(await writer.submit(submission([admitted({ name: "\0" })]))), "store-refused");
  const unknown: Dependency = { kind: "afterok", job: 1_000_000 as never, index: null };
  const waits = submission([admitted({ dependencies: [unknown] })]);
  assert.equal(refusal(await writer.submit(waits)), "unknown-dependency");
  assert.deepEqual(ids(await writer.submit(submission([admitted()]))), [id + 1]);
  const [again, next] = await Promise.all([writer.submit(first), writer.submit(submission([admitted()]))]);
  assert.deepEqual(ids(again ?? assert.fail()), [id]);
  assert.deepEqual(ids(next ?? assert.fail()), [id + 2]);
});

test("a job's row holds its whole spec, its task waits, and its event tells who", async () => {
  const asked = spec({
    name: "名字",
    labels: { a: "b" },
    inputFiles: [{ path: "x", contentBase64: "eA==", executable: true }],
  });
  const [id] = ids(await writer.submit(submission([{ ...admitted(), spec: asked }])));
  const { rows } = await store.db.pool.query("select * from job where id = $1", [id]);
  assert.equal(rows[0].name, "名字");
  assert.equal(rows[0].script, "#!/bin/sh\nexit 0\n");
  assert.deepEqual(rows[0].input_files, asked.inputFiles);
  assert.deepEqual(specOfRow(rows[0]), asked);
  const labels = await store.db.pool.query("select key, value from job_label where job_id = $1", [id]);
  assert.deepEqual(labels.rows, [{ key: "a", value: "b" }]);
  const events = await store.db.pool.query(
    "select kind, state, cause from event where detail -> 'jobs' @> to_jsonb($1::int8)",
    [id],
  );
  assert.deepEqual(events.rows, [{ kind: "submitted", state: "queued", cause: "person:1" }]);
});

test("jobs of one call that share a spec and those beside them keep each their own", async () => {
  const like = admitted({ work: { kind: "script", text: "#!/bin/sh\necho é\n", arguments: ["ü"] } });
  const others = [
    admitted({ retries: 2, onUnreachable: { kind: "restart-after", delayS: 5 }, priorityClass: "high" }),
    admitted({ work: { kind: "command", argv: ["true"] }, environment: { A: "1" }, labels: { b: "c" } }),
    admitted({
      centres: { only: [], except: [], prefer: [], simulated: true },
      stdout: "out",
      siteWords: { qos: ["x"] },
    }),
  ];
  const ranges = [
    { first: 1, last: 9, step: 4 },
    { first: 20, last: 21, step: 1 },
  ];
  const array = admitted({ array: { ranges, throttle: null }, retries: 1 }, "1-9:4,20-21");
  const jobs = [like, like, ...others, like, array, array];
  const given = ids(await writer.submit(submission(jobs)));
  const { rows } = await store.db.pool.query("select * from job where id = any($1) order by id", [given]);
  assert.deepEqual(
    rows.map(specOfRow),
    jobs.map((job) => job.spec),
  );
  const tasks = await store.db.pool.query(
    `select job_id, array_agg(index order by position) as indices, array_agg(position order by position) as positions
     from task where job_id = any($1) group by job_id order by job_id`,
    [given],
  );
  const plain = { indices: [0], positions: [0] };
  const arrayed = { indices: [1, 5, 9, 20, 21], positions: [0, 1, 2, 3, 4] };
  assert.deepEqual(
    tasks.rows,
    given.map((id, place) => ({ job_id: id, ...(jobs[place] === array ? arrayed : plain) })),
  );
  const told = await store.db.pool.query(
    "select detail -> 'jobs' as jobs from event where kind = 'submitted' order by xid desc, seq desc limit 1",
  );
  assert.deepEqual(told.rows, [{ jobs: given }]);
});

test("an array takes as many ids as it has tasks; each task has its place", async () => {
  const array = {
    ranges: [
      { first: 1, last: 9, step: 4 },
      { first: 20, last: 21, step: 1 },
    ],
    throttle: 2,
  };
  const [first] = ids(await writer.submit(submission([admitted({ array, retries: 2 }, "1-9:4,20-21%2")])));
  const [next] = ids(await writer.submit(submission([admitted()])));
  assert.equal(next, (first ?? 0) + 5);
  const { rows } = await store.db.pool.query(
    "select index, position, retries_left from task where job_id = $1 order by position",
    [first],
  );
  assert.deepEqual(
    rows.map((row) => [row.index, row.position, row.retries_left]),
    [
      [1, 0, 2],
      [5, 1, 2],
      [9, 2, 2],
      [20, 3, 2],
      [21, 4, 2],
    ],
  );
});

test("the same key and body gets the first answer, also in one batch; another body is refused", async () => {
  const key = "once";
  const answers = await Promise.all([
    writer.submit(submission([admitted()], key)),
    writer.submit(submission([admitted()], key)),
    writer.submit(submission([admitted()], key, "other")),
  ]);
  assert.deepEqual(ids(answers[0]), ids(answers[1]));
  assert.equal(refusal(answers[2]), "idempotency-conflict");
  assert.deepEqual(ids(await writer.submit(submission([admitted()], key))), ids(answers[0]));
  assert.equal(await count("idempotency where key = $1", [key]), 1);
});

test("two servers that race for one key keep one job, and their ids never collide", async () => {
  const other = openSubmitWriter(store.db);
  const jobsBefore = await count("job");
  const rounds = Array.from({ length: 30 }, (_, i) => `race-${i}`);
  const answers = await Promise.all(
    rounds.flatMap((key) => [
      writer.submit(submission([admitted()], key)),
      other.submit(submission([admitted()], key)),
      writer.submit(submission([admitted()])),
      other.submit(submission([admitted()])),
    ]),
  );
  for (const i of rounds.keys())
    assert.deepEqual(ids(answers[4 * i] ?? assert.fail()), ids(answers[4 * i + 1] ?? assert.fail()));
  assert.equal(await count("job"), jobsBefore + 90);
  await other.close();
});

test("what PostgreSQL refuses fails alone", async () => {
  const good = Array.from({ length: 20 }, () => writer.submit(submission([admitted()])));
  const bad = writer.submit(submission([admitted(), admitted({ name: "n\0ul" })]));
  const more = Array.from({ length: 20 }, () => writer.submit(submission([admitted()])));
  assert.equal(refusal(await bad), "store-refused");
  for (const answer of await Promise.all([...good, ...more])) assert.equal(ids(answer).length, 1);
  assert.equal(await count("job where name like 'n%ul'"), 0);
});

test("dependencies name visible jobs and existing tasks; aftercorr needs the same indices", async () => {
  const array = { ranges: [{ first: 0, last: 3, step: 1 }], throttle: null };
  const [plain, many] = ids(await writer.submit(submission([admitted(), admitted({ array }, "0-3")])));
  const after = (dependency: Dependency, changes: Partial<JobSpec> = {}) =>
    submission([admitted({ dependencies: [dependency], ...changes })]);
  const afterok = (job: number, index: number | null): Dependency => ({ kind: "afterok", job, index });
  const one = plain ?? assert.fail();
  const other = many ?? assert.fail();
  assert.equal(ids(await writer.submit(after(afterok(one, null)))).length, 1);
  assert.equal(ids(await writer.submit(after(afterok(other, 3)))).length, 1);
  assert.equal(ids(await writer.submit(after({ kind: "aftercorr", job: other }, { array }))).length, 1);
  const byStranger = { ...after(afterok(one, null)), person: stranger };
  assert.equal(refusal(await writer.submit(byStranger)), "unknown-dependency");
  assert.equal(refusal(await writer.submit(after(afterok(999_999_999, null)))), "unknown-dependency");
  assert.equal(refusal(await writer.submit(after(afterok(other, 4)))), "unknown-dependency");
  assert.equal(refusal(await writer.submit(after({ kind: "aftercorr", job: other }))), "array-mismatch");
});

test("a bulk submission may depend on its own jobs, and is kept whole or not at all", async () => {
  const second = {
    ...admitted(),
    after: [{ dependency: { kind: "afterok", job: 0, index: null } as const, position: 0 }],
  };
  const given = ids(await writer.submit(submission([admitted(), second])));
  const { rows } = await store.db.pool.query("select spec -> 'dependencies' as d from job where id = $1", [given[1]]);
  assert.deepEqual(rows[0].d, [{ kind: "afterok", job: given[0], index: null }]);
});

test("an array of 10 000 is one submission of 10 000 tasks", async () => {
  const array = { ranges: [{ first: 1, last: 10_000, step: 1 }], throttle: null };
  const [id] = ids(await writer.submit(submission([admitted({ array }, "1-10000")])));
  assert.equal(await count("task where job_id = $1 and state = 'queued'", [id]), 10_000);
});
