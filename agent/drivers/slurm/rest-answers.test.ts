import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  doubtsToken,
  errorsOf,
  isUnknownJob,
  jobsOf,
  type RestAnswer,
  submitAnswerOf,
  wordsOfAnswer,
} from "./rest-answers.ts";

// One contract, two families of answers: recorded from slurmrestd 22.05.8 (v0.0.37 and v0.0.38 answer alike), and, NOT RUN
// LIVE, made after the data parser of Slurm's own source and its documents (v0.0.40 to v0.0.42).

type Family = {
  readonly name: string;
  /** A job that ended so: by exit code and signal. */
  readonly job: (facts: Facts) => object;
  readonly submitted: object;
};
type Facts = {
  readonly exitCode?: number;
  readonly signal?: number;
  readonly state: string;
  readonly flags?: readonly string[];
  readonly task?: number;
  readonly tasks?: string;
  readonly nodes?: string;
  readonly startS?: number;
  readonly endS?: number;
  readonly resumedS?: number;
  readonly ranBeforeS?: number;
};

const meta = {
  plugin: { type: "openapi/v0.0.38", name: "Slurm OpenAPI v0.0.38" },
  Slurm: { version: { major: 22, micro: 8, minor: 5 }, release: "22.05.8" },
};
const common = {
  job_id: 27,
  name: "r.weir-a",
  comment: "site:weir-a",
  partition: "batch",
  restart_cnt: 0,
  state_reason: "NonZeroExitCode",
  user_id: 1001,
  user_name: "weirt-li",
};
const number = (value: number | null) => ({ set: value !== null, infinite: false, number: value ?? 0 });

const families: readonly Family[] = [
  {
    name: "v0.0.37 and v0.0.38, recorded from 22.05.8",
    job: ({
      exitCode = 0,
      signal = 0,
      state,
      flags = [],
      task,
      tasks = "",
      nodes = "qingdao1",
      startS = 0,
      endS = 0,
      resumedS = 0,
      ranBeforeS = 0,
    }) => ({
      ...common,
      array_job_id: task === undefined && tasks === "" ? 0 : 21,
      array_task_id: task ?? null,
      array_max_tasks: 0,
      array_task_string: tasks,
      derived_exit_code: 0,
      exit_code: exitCode * 256 + signal,
      job_state: flags[0] ?? state,
      nodes,
      requeue: false,
      start_time: startS,
      end_time: endS,
      suspend_time: resumedS,
      pre_sus_time: ranBeforeS,
    }),
    submitted: { meta, errors: [], job_id: 27, step_id: "BATCH", job_submit_user_msg: "" },
  },
  {
    name: "v0.0.40 to v0.0.42, after Slurm's source and documents, not run live",
    job: ({
      exitCode = 0,
      signal = 0,
      state,
      flags = [],
      task,
      tasks = "",
      nodes = "qingdao1",
      startS = 0,
      endS = 0,
      resumedS = 0,
      ranBeforeS = 0,
    }) => ({
      ...common,
      array_job_id: number(task === undefined && tasks === "" ? 0 : 21),
      array_task_id: number(task ?? null),
      array_max_tasks: number(0),
      array_task_string: tasks,
      exit_code: {
        status: [signal > 0 ? "SIGNALED" : exitCode > 0 ? "ERROR" : "SUCCESS"],
        return_code: number(signal > 0 ? null : exitCode),
        signal: { id: number(signal > 0 ? signal : null), name: signal === 9 ? "SIGKILL" : "" },
      },
      job_state: [state, ...flags],
      nodes,
      requeue: false,
      start_time: number(startS),
      end_time: number(endS),
      suspend_time: number(resumedS),
      pre_sus_time: number(ranBeforeS),
    }),
    submitted: {
      job_id: 27,
      step_id: "batch",
      job_submit_user_msg: "",
      result: { job_id: 27, step_id: "batch", error_code: 0, error: "No error", job_submit_user_msg: "" },
      meta: { plugin: { type: "openapi/slurmctld", data_parser: "data_parser/v0.0.40" } },
      errors: [],
      warnings: [],
    },
  },
];

const path = "POST /slurm/v/job/submit";
const answer = (status: number, body: unknown, text = JSON.stringify(body)): RestAnswer => ({ status, body, text });
const failed = (status: number, ...errors: object[]) => answer(status, { meta, errors });

for (const { name, job, submitted } of families)
  describe(name, () => {
    const only = (facts: Facts) => {
      const { words, uid } = jobsOf({ meta, errors: [], jobs: [job(facts)] }, "weirt-li");
      assert.equal(uid, 1001);
      return words[0] ?? assert.fail("no job");
    };

    test("exit codes and signals", () => {
      const ended = { startS: 1795373560, endS: 1795373565 };
      for (const exitCode of [0, 1, 3, 127, 137, 255]) {
        const word = only({ state: exitCode === 0 ? "COMPLETED" : "FAILED", exitCode, ...ended });
        assert.deepEqual([word.exitCode, word.signal, word.elapsedS], [exitCode, 0, 5]);
      }
      for (const signal of [9, 11, 15]) {
        const word = only({ state: "FAILED", signal, ...ended });
        assert.deepEqual([word.exitCode, word.signal], [0, signal]);
      }
    });

    test("what it was suspended for is no time of its run", () => {
      const spans = { startS: 1795470884, resumedS: 1795470901, endS: 1795470904, ranBeforeS: 1 };
      assert.equal(only({ state: "FAILED", exitCode: 3, ...spans }).elapsedS, 4);
    });

    test("a plain job, one task, and tasks that wait together", () => {
      const plain = only({ state: "RUNNING", startS: 1795373560 });
      assert.deepEqual([plain.arrayJob, plain.indices, plain.startS, plain.endS], [null, null, 1795373560, null]);
      const task = only({ state: "RUNNING", task: 0 });
      assert.deepEqual([task.arrayJob, task.indices], [21, [0]]);
      const waiting = only({ state: "PENDING", tasks: "1,3,5-9:2%2", nodes: "" });
      assert.deepEqual(
        [waiting.arrayJob, waiting.indices, waiting.nodes, waiting.startS],
        [21, [1, 3, 5, 7, 9], null, null],
      );
      assert.equal(only({ state: "PENDING", tasks: "1,3,5,7,9,..." }).indices, null);
    });

    test("a state that is on its way goes before the one that it leads to", () => {
      assert.equal(only({ state: "FAILED", flags: ["COMPLETING"] }).state, "COMPLETING");
      assert.equal(only({ state: "FAILED" }).state, "FAILED");
      assert.equal(only({ state: "OUT_OF_MEMORY" }).state, "OUT_OF_MEMORY");
    });

    test("name, comment and reason; jobs of others are nobody's", () => {
      const word = only({ state: "FAILED" });
      assert.deepEqual(
        [word.jobId, word.name, word.comment, word.reason, word.partition, word.restarts],
        [27, "r.weir-a", "site:weir-a", "NonZeroExitCode", "batch", 0],
      );
      assert.deepEqual(jobsOf({ jobs: [job({ state: "RUNNING" })] }, "weirt-wang"), { words: [], uid: null });
    });

    test("what is no such answer is refused, not guessed", () => {
      for (const body of [
        null,
        {},
        { jobs: [{ ...job({ state: "RUNNING" }), job_state: 3 }] },
        { jobs: [{ job_id: 1 }] },
      ])
        assert.throws(() => jobsOf(body, "weirt-li"));
    });

    test("a submission that was taken", () => {
      assert.deepEqual(submitAnswerOf(answer(200, submitted), path), { kind: "submitted", engineId: "27", words: "" });
    });
  });

test("a time limit is told in minutes; one that is infinite or not set is none", () => {
  const limitOf = (time_limit: unknown) =>
    jobsOf({ jobs: [{ ...common, job_state: "RUNNING", time_limit }] }, "weirt-li").words[0]?.limitS;
  assert.deepEqual([limitOf(2), limitOf(number(90)), limitOf(number(null))], [120, 5400, null]);
  assert.equal(limitOf({ set: true, infinite: true, number: 4_294_967_295 }), null);
});

describe("answers that are no success", () => {
  const kindOf = (one: RestAnswer) => submitAnswerOf(one, path).kind;

  test("slurmctld's own no, and slurmrestd's of the form", () => {
    assert.equal(kindOf(failed(500, { error_code: 2000, error: "Invalid partition name specified" })), "refused");
    assert.equal(
      kindOf(failed(500, { error_code: 2014, error: "Requested node configuration is not available" })),
      "refused",
    );
    const unknownKey = failed(
      400,
      { description: 'Unknown key "x"', source: "hsearch_r" },
      { error_code: 9001, error: "Failure during parsing" },
    );
    assert.equal(kindOf(unknownKey), "refused");
    const isDefinite = (one: RestAnswer) => "definite" in submitAnswerOf(one, path);
    assert.equal(
      isDefinite(failed(500, { error_code: 2014, error: "Requested node configuration is not available" })),
      true,
    );
    assert.equal(isDefinite(failed(500, { error_code: 2000, error: "Invalid partition name specified" })), false);
    assert.equal(isDefinite(unknownKey), false);
    assert.equal(wordsOfAnswer(unknownKey), 'HTTP 400: 0 Unknown key "x"; 9001 Failure during parsing');
  });

  test("come again", () => {
    assert.equal(
      kindOf(failed(500, { error_code: 2076, error: "Slurm temporarily unable to accept job, sleeping and retrying" })),
      "later",
    );
    assert.equal(
      kindOf(failed(500, { error_code: 1800, error: "Unable to contact slurm controller (connect failure)" })),
      "later",
    );
    assert.equal(kindOf(failed(500, { error_code: 11, error: "Resource temporarily unavailable" })), "later");
    assert.equal(kindOf(answer(401, null, "Authentication failure")), "later");
    assert.equal(kindOf(answer(404, null, "Unable find requested URL.")), "later");
  });

  test("in doubt: nothing that could have been on its way is called a no", () => {
    assert.equal(
      kindOf(failed(500, { error_code: 5005, error: "Zero Bytes were transmitted or received" })),
      "in-doubt",
    );
    assert.equal(
      kindOf(failed(500, { error_code: 5004, error: "Socket timed out on send/recv operation" })),
      "in-doubt",
    );
    assert.equal(
      kindOf(failed(500, { error_code: 1802, error: "Unable to contact slurm controller (receive failure)" })),
      "in-doubt",
    );
    assert.equal(kindOf(failed(500, { error_number: -1, error: "Unspecified error" })), "in-doubt");
    assert.equal(kindOf(answer(500, null, "Internal Server Error")), "in-doubt");
    assert.equal(kindOf(answer(502, null, "<html>")), "in-doubt");
    assert.equal(kindOf(answer(200, null, '{"job_id": 1')), "in-doubt");
    assert.equal(kindOf(answer(200, { errors: [], job_id: 0 })), "in-doubt");
  });

  test("which of them a wrong token may have caused", () => {
    assert.equal(doubtsToken(answer(401, null, "Authentication failure")), true);
    assert.equal(doubtsToken(failed(500, { error_number: -1, error: "Unspecified error" })), true);
    assert.equal(
      doubtsToken(failed(500, { error_code: 5005, error: "Zero Bytes were transmitted or received" })),
      true,
    );
    assert.equal(doubtsToken(failed(500, { error_number: 2017, error: "Invalid job id specified" })), false);
    // Of the form of a submission: slurmctld was never asked.
    assert.equal(doubtsToken(failed(400, { error_code: -1, error: "Invalid deadline time" })), false);
  });

  test("an unknown job, and answers without the form", () => {
    const unknown = failed(500, {
      description: "Unable to find JobId=999999",
      error_number: 2017,
      error: "Invalid job id specified",
    });
    assert.equal(isUnknownJob(unknown), true);
    assert.equal(wordsOfAnswer(unknown), "HTTP 500: 2017 Invalid job id specified (Unable to find JobId=999999)");
    const ofAnother = {
      error: "Jobs description entry not found, empty or not dictionary or list",
      error_number: 9002,
    };
    assert.equal(isUnknownJob(failed(400, { ...ofAnother, description: "Unable to find JobId=30_2" })), true);
    assert.equal(isUnknownJob(failed(400, { ...ofAnother, description: "" })), false);
    assert.deepEqual(errorsOf("nothing"), []);
    assert.equal(wordsOfAnswer(answer(503, null, " <b>busy</b>\n ")), "HTTP 503: <b>busy</b>");
  });
});
