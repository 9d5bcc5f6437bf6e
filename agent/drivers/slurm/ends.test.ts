import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { causeWords } from "#core/job/history-words.ts";
import type { RunEnd } from "#core/job/state.ts";
import { type Evidence, endOf } from "./ends.ts";
import { accountingWord, carriesTag, controllerWord, endedStates, type JobWord, queueWord } from "./job-word.ts";
import { type WrapperRecord, wrapperRecord } from "./record.ts";
import { rowsOfTag } from "./track.ts";
import { measuredBy, usageOf } from "./usage.ts";
import { endOfVanished, forgottenAfterMs } from "./vanished.ts";

// Texts of Slurm 22.05.8 as it printed them, shortened; those of states that were not seen live are named so.

const line = (facts: string) =>
  `JobId=7 JobName=probe.weir-abc-1.0.1-1 UserId=li(1001) GroupId=li(1001) MCS_label=N/A Priority=1 Nice=0 Account=root QOS=normal ${facts} Partition=batch AllocNode:Sid=localhost:20513 ReqNodeList=(null) ExcNodeList=(null) NumNodes=1 Power=`;
const ran = "StartTime=1795367579 EndTime=1795367582 Deadline=N/A NodeList=c1 BatchHost=c1";
const never = "StartTime=1795367583 EndTime=1795367583 Deadline=1795367609 NodeList=";

function wordOf(facts: string): JobWord {
  return controllerWord(line(facts)) ?? assert.fail("no word");
}

const ended = (facts: string): WrapperRecord =>
  wrapperRecord("0", "engine=7\nstartedMs=1795367579500\nnode=c1\nend=1\n", `${facts}\nend=1\n`) ?? assert.fail("torn");
const exited = (code: number) => ended(`cause=exited\nexitCode=${code}`);

function verdictOn(facts: string | JobWord, changes: Partial<Evidence> = {}) {
  const verdict = endOf({
    word: typeof facts === "string" ? wordOf(facts) : facts,
    accounting: null,
    record: exited(0),
    isDuplicate: false,
    askedToCancel: false,
    isTakenBack: false,
    isFenced: false,
    user: { name: "li", uid: 1001 },
    timeLimitS: 60,
    isOverMemory: false,
    ...changes,
  });
  if (verdict.kind === "ended") hasChinese([...saidOf(verdict.end), verdict.difference]);
  return verdict;
}

function saidOf(end: RunEnd): readonly (string | null)[] {
  return ["reason" in end ? end.reason : null, "evidence" in end ? (end.evidence ?? null) : null];
}

/** Whatever is said of an end is there for who reads Chinese: no two English words in a row are left of it. */
function hasChinese(said: readonly (string | null)[]): void {
  for (const words of said) {
    if (words === null) continue;
    const told = causeWords(words, "zh") ?? assert.fail(`no Chinese: ${words}`);
    assert.doesNotMatch(told, /[a-z]{2,} [a-z]{2,}/, words);
  }
}

function decide(facts: string | JobWord, changes: Partial<Evidence> = {}) {
  const verdict = verdictOn(facts, changes);
  return verdict.kind === "ended" ? verdict.end : verdict.kind;
}

describe("how a run ended, by the engine's word", () => {
  test("its own exit: codes, and signals, are told apart", () => {
    const failed = (exit: string) => `JobState=FAILED Reason=NonZeroExitCode Restarts=0 ExitCode=${exit} ${ran}`;
    assert.deepEqual(decide(`JobState=COMPLETED Reason=None Restarts=0 ExitCode=0:0 ${ran}`), { kind: "succeeded" });
    assert.deepEqual(decide(failed("3:0"), { record: exited(3) }), { kind: "failed", exitCode: 3 });
    assert.deepEqual(decide(failed("137:0"), { record: exited(137) }), { kind: "failed", exitCode: 137 });
    assert.deepEqual(decide(failed("0:9")), { kind: "signalled", signal: 9 });
    // The controller's codes are whole: only accounting's are 128 short.
    assert.deepEqual(decide(failed("9:0"), { record: exited(137) }), { kind: "failed", exitCode: 9 });
    const seen = `JobState=COMPLETED Reason=None Restarts=0 ExitCode=0:0 ${ran}`;
    assert.deepEqual(decide(seen, { record: null }), { kind: "succeeded" }, "its record may be late");
  });

  test("a signal that the wrapper saw otherwise is said; so is why a program could not be started", () => {
    const verdict = verdictOn(`JobState=FAILED Reason=NonZeroExitCode ExitCode=0:9 ${ran}`, {
      record: ended("cause=exited\nexitCode=0\nsignal=15"),
    });
    assert.equal(verdict.kind === "ended" && verdict.difference, "the wrapper wrote 0:15, Slurm says 0:9");
    const unstarted = verdictOn(`JobState=FAILED Reason=NonZeroExitCode ExitCode=127:0 ${ran}`, {
      record: ended("cause=start-failed\nexitCode=127\nwords=the interpreter of its first line is not on this node"),
    });
    assert.equal(
      unstarted.kind === "ended" && unstarted.words,
      "the interpreter of its first line is not on this node",
    );
  });

  test("accounting prints a code above 127 less 128: the wrapper's own code says which it was", () => {
    const row = new Map([
      ["JobID", "7"],
      ["JobIDRaw", "7"],
      ["State", "FAILED"],
      ["ExitCode", "9:0"],
      ["NodeList", "c1"],
      ["ElapsedRaw", "9"],
      ["JobName", "probe.weir-abc-1.0.1-1"],
    ]);
    const word = accountingWord(row) ?? assert.fail("no word");
    assert.deepEqual(decide(word, { record: exited(137) }), { kind: "failed", exitCode: 137 });
    assert.deepEqual(decide(word, { record: exited(9) }), { kind: "failed", exitCode: 9 });
    assert.deepEqual(decide(word, { record: null }), { kind: "failed", exitCode: 9 });
  });

  test("the engine's word wins over the wrapper's, and the difference is said", () => {
    const verdict = endOf({
      word: wordOf(`JobState=FAILED Reason=NonZeroExitCode ExitCode=3:0 ${ran}`),
      accounting: null,
      record: exited(0),
      isDuplicate: false,
      askedToCancel: false,
      isTakenBack: false,
      isFenced: false,
      user: { name: "li", uid: 1001 },
      timeLimitS: 60,
      isOverMemory: false,
    });
    assert.deepEqual(verdict, {
      kind: "ended",
      end: { kind: "failed", exitCode: 3 },
      words: null,
      difference: "the wrapper wrote 0:0, Slurm says 3:0",
    });
  });

  test("a limit that the wrapper kept counts only where the engine saw that time pass", () => {
    const facts = `JobState=FAILED Reason=JobLaunchFailure ExitCode=0:15 ${ran}`;
    const record = ended("cause=time-limit\nsignal=15");
    assert.deepEqual(decide(facts, { record, timeLimitS: 3 }), { kind: "timed-out" });
    assert.deepEqual(decide(facts, { record, timeLimitS: 600 }), { kind: "signalled", signal: 15 });
    assert.deepEqual(decide(`JobState=TIMEOUT Reason=TimeLimit ExitCode=0:0 ${ran}`), { kind: "timed-out" });
    // A reservation ended under it (M7: the centre's doing), unless its user had shortened the job's limit.
    const ends = (limit: string) =>
      decide(`JobState=TIMEOUT Reason=TimeLimit ExitCode=0:0 RunTime=00:00:03 TimeLimit=${limit} ${ran}`);
    const cut = ends("00:02:00");
    assert(typeof cut === "object" && cut.kind === "cancelled" && cut.by === "centre", JSON.stringify(cut));
    assert.deepEqual(ends("00:00:00"), { kind: "timed-out" });
    // Slurm's limit has room for the grace: what passed its own is no victim of the reservation.
    const passed = `JobState=TIMEOUT Reason=TimeLimit ExitCode=0:0 TimeLimit=00:02:00 ${ran.replace("7582", "7644")}`;
    assert.deepEqual(decide(passed), { kind: "timed-out" });
  });

  test("memory: Slurm's own state (not run live), and OverMemoryKill, which says it nowhere else", () => {
    assert.deepEqual(decide(`JobState=OUT_OF_MEMORY Reason=OutOfMemory ExitCode=0:125 ${ran}`), {
      kind: "out-of-memory",
    });
    const killed = `JobState=FAILED Reason=JobLaunchFailure ExitCode=0:9 ${ran}`;
    assert.deepEqual(decide(killed, { isOverMemory: true }), { kind: "out-of-memory" });
    const exit = `JobState=FAILED Reason=NonZeroExitCode ExitCode=3:0 ${ran}`;
    assert.deepEqual(decide(exit, { isOverMemory: true, record: exited(3) }), { kind: "failed", exitCode: 3 });
  });

  test("who cancelled: the network, the user at the centre, the site; in the queue the last is a withdrawal", () => {
    const facts = `JobState=CANCELLED Reason=None ExitCode=0:15 ${ran}`;
    const waiting = `JobState=CANCELLED Reason=JobHeldUser ExitCode=0:0 ${never}`;
    const by = (who: string) => ({ accounting: { ...wordOf(facts), cancelledBy: who } });
    assert.deepEqual(decide(facts, { askedToCancel: true }), { kind: "cancelled", by: "user", reason: null });
    const own = decide(facts, by("1001"));
    assert.equal(typeof own === "object" && own.kind === "cancelled" && own.by, "user");
    const byName = { kind: "cancelled", by: "user", reason: "scancel at the centre" };
    assert.deepEqual(decide(facts, by("li")), byName);
    assert.deepEqual(decide(facts, by("0")), {
      kind: "cancelled",
      by: "centre",
      reason: "scancel by root",
    });
    assert.deepEqual(decide(waiting, by("0")), {
      kind: "withdrawn",
      evidence: "cancelled in the centre's queue before it had a node; scancel by root",
    });
    assert.deepEqual(decide(waiting, { askedToCancel: true }), { kind: "cancelled", by: "user", reason: null });
    // Without accounting: neither free nor told of somebody; in the queue it is safe to place it again.
    assert.deepEqual(decide(facts), { kind: "cancelled", by: "unknown", reason: null });
    assert.deepEqual(decide(waiting), {
      kind: "withdrawn",
      evidence: "cancelled in the centre's queue before it had a node; the engine does not say by whom",
    });
    const asked = { kind: "cancelled", by: "user", reason: null };
    assert.match(JSON.stringify(decide(waiting, { isTakenBack: true })), /"withdrawn".*took it back/);
    assert.deepEqual(decide(waiting, { isTakenBack: true, askedToCancel: true }), asked);
    assert.deepEqual(decide(waiting, { isFenced: true, askedToCancel: true }), asked);
    assert.match(JSON.stringify(decide(waiting, { isFenced: true })), /"withdrawn".*its lease passed/);
    // In its first seconds on a node, by nobody: slurmd could not begin it, unless the network took it out itself.
    const unbegun = decide(facts, { record: null });
    assert.equal(typeof unbegun === "object" && unbegun.kind, "node-failed");
    const back = decide(facts, { record: null, isTakenBack: true });
    assert.deepEqual(back, { kind: "cancelled", by: "unknown", reason: null });
  });

  test("a deadline that passed shows a start and an end, and no node: it never began", () => {
    const end = decide(`JobState=DEADLINE Reason=DeadLine ExitCode=0:1 ${never}`);
    assert.equal(typeof end === "object" && end.kind, "withdrawn");
    assert.equal(usageOf(wordOf(`JobState=DEADLINE ExitCode=0:1 ${never}`), [], null).startedMs, null);
    const onNode = decide(`JobState=DEADLINE Reason=DeadLine ExitCode=0:1 ${ran}`);
    assert.equal(
      typeof onNode === "object" && onNode.kind,
      "platform-fault",
      "it had a node: what it did is not known",
    );
  });

  test("nodes and preemption (PREEMPTED, BOOT_FAIL, REVOKED not run live)", () => {
    const failed = `JobState=NODE_FAIL Reason=NodeDown ExitCode=0:0 ${ran}`;
    const nodeFailed = { kind: "node-failed", reason: "Slurm: NODE_FAIL on c1" };
    assert.deepEqual(decide(failed, { record: null }), nodeFailed);
    assert.deepEqual(decide(failed, { record: ended("cause=stopped\nsignal=15") }), nodeFailed);
    assert.deepEqual(decide(failed, { record: exited(8) }), { kind: "failed", exitCode: 8 }, "over before that");
    const over = verdictOn(failed, { record: exited(8) });
    assert.equal(over.kind === "ended" && over.isByRecord, true, "not billed until Slurm noticed");
    const onTwo = decide(failed.replace("=c1", "=c[1-2]"), { record: exited(8) });
    assert.deepEqual(onTwo, { kind: "node-failed", reason: "Slurm: NODE_FAIL on c[1-2]" });
    assert.deepEqual(decide(`JobState=PREEMPTED Reason=None ExitCode=0:15 ${ran}`), { kind: "preempted" });
    assert.deepEqual(decide(`JobState=BOOT_FAIL Reason=None ExitCode=0:0 ${ran}`), {
      kind: "node-failed",
      reason: "Slurm: BOOT_FAIL on c1",
    });
    for (const state of ["LAUNCH_FAILED", "RECONFIG_FAIL"])
      assert.deepEqual(decide(`JobState=${state} Reason=None ExitCode=0:0 ${ran}`), {
        kind: "node-failed",
        reason: `Slurm: ${state} on c1`,
      });
    const unplaced = decide(`JobState=PREEMPTED Reason=None ExitCode=0:0 ${never}`);
    assert.deepEqual(unplaced, { kind: "withdrawn", evidence: "preempted before it had a node" });
    // What the node's failure killed had not exited by itself.
    assert.deepEqual(decide(failed, { record: ended("cause=exited\nsignal=9") }), nodeFailed);
    assert.equal(decide(`JobState=REVOKED Reason=None ExitCode=0:0 ${ran}`), "elsewhere");
    assert.ok(endedStates.has("REVOKED"));
  });

  test("a second copy ran nothing; a wrapper that could not begin is the site's fault, for seconds only", () => {
    const second = `JobState=FAILED Reason=NonZeroExitCode ExitCode=75:0 ${ran}`;
    const first = wrapperRecord("0", "engine=6\nstartedMs=1\nend=1\n", "");
    assert.deepEqual(decide(second, { isDuplicate: true, record: first }), { kind: "duplicate" });
    const broken = decide(second, { record: null });
    assert.equal(typeof broken === "object" && broken.kind, "platform-fault");
    const hidden = wordOf("JobState=FAILED ExitCode=75:0 StartTime=1795367000 EndTime=1795367600 NodeList=c1");
    assert.deepEqual(decide(hidden, { record: null }), { kind: "failed", exitCode: 75 });
  });

  test("what a controller that forgot its start began again is over: by the wrapper's record, and so is what it used", () => {
    // As it was seen: slurmctld killed four seconds after the submission, and back once the job had exited with 5.
    const cancelled = wordOf(
      "JobState=CANCELLED Reason=None Restarts=0 ExitCode=0:0 RunTime=00:00:00 StartTime=1795437919 EndTime=1795437919 NodeList=c1 BatchHost=c1",
    );
    const accounting = { ...cancelled, source: "accounting", cancelledBy: "0" } as const;
    assert.deepEqual(decide(cancelled, { accounting, record: exited(5) }), { kind: "failed", exitCode: 5 });
    const again = wordOf(
      `JobState=FAILED Reason=NonZeroExitCode Restarts=0 ExitCode=75:0 StartTime=1795437919 EndTime=1795437920 NodeList=c1`,
    );
    assert.deepEqual(decide(again, { isDuplicate: true, record: exited(5) }), { kind: "failed", exitCode: 5 });
    // Who wrote themselves a second copy and an early end: what ran for ten minutes was none.
    const long = wordOf(
      `JobState=COMPLETED Reason=None Restarts=0 ExitCode=0:0 RunTime=00:10:00 StartTime=1795437919 EndTime=1795438519 NodeList=c1`,
    );
    assert.deepEqual(decide(long, { isDuplicate: true, record: exited(5) }), { kind: "succeeded" });
    // Cancelled by the site while it ran, or by the network: nothing was begun again.
    const byCentre = { kind: "cancelled", by: "centre", reason: "scancel by root" };
    assert.deepEqual(decide({ ...cancelled, elapsedS: 40 }, { accounting, record: exited(5) }), byCentre);
    assert.deepEqual(
      decide(cancelled, { accounting, record: ended("cause=stopped\nexitCode=0\nsignal=15") }),
      byCentre,
    );
    const asked = { accounting, record: exited(5), askedToCancel: true };
    assert.equal(JSON.stringify(decide(cancelled, asked)), '{"kind":"cancelled","by":"user","reason":null}');
  });

  test("a state of a later Slurm is said, and billed to nobody", () => {
    const end = decide(`JobState=EXPLODED ExitCode=0:0 ${ran}`);
    assert.equal(typeof end === "object" && end.kind, "platform-fault");
  });
});

describe("what the engine has forgotten", () => {
  test("ends by the wrapper's record, else never began, else is lost, each after its time", () => {
    assert.deepEqual(endOfVanished("7", exited(3), false, null, null)?.end, { kind: "failed", exitCode: 3 });
    assert.equal(endOfVanished("7", null, false, null, null), null);
    const site = { forgottenAfterS: 60 };
    assert.deepEqual([forgottenAfterMs(site, 10_000), forgottenAfterMs(site, 100_000)], [60_000, 100_000]);
    assert.equal(endOfVanished("7", null, true, null, "began"), null, "its record is on its way");
    const never = (fence: "fenced" | "not-offered") => endOfVanished("7", null, true, null, fence)?.end;
    const evidence = "the engine answers and knows no job 7; its wrapper never began";
    assert.deepEqual(never("fenced"), { kind: "withdrawn", evidence: `${evidence}, and cannot begin any more` });
    assert.deepEqual(never("not-offered"), { kind: "withdrawn", evidence });
    const begun = wrapperRecord("0", "engine=7\nstartedMs=1\nnode=c1\nend=1\n", "");
    const gone = { kind: "gone", words: "no node has it" } as const;
    assert.equal(endOfVanished("7", begun, false, null, null), null);
    assert.equal(
      endOfVanished("7", begun, true, { kind: "maybe", words: "it lives" }, null),
      null,
      "not while it may live",
    );
    assert.equal(endOfVanished("7", begun, true, gone, null)?.end.kind, "lost");
    for (const words of ["no node has it: c1 IDLE", "its wrapper on c1, process 7 there, lives no more"]) {
      const lost = endOfVanished("7", begun, true, { kind: "gone", words }, null);
      hasChinese(lost === null ? [] : saidOf(lost.end));
    }
    hasChinese(saidOf(never("fenced") ?? assert.fail()));
    hasChinese(saidOf(never("not-offered") ?? assert.fail()));
    assert.equal(endOfVanished("7", ended("cause=stopped\nsignal=15"), true, null, null)?.end.kind, "node-failed");
    assert.equal(endOfVanished("7", ended("cause=exited\nsignal=9"), true, null, null)?.end.kind, "node-failed");
    const aborted = endOfVanished("7", ended("cause=exited\nsignal=6"), true, null, null)?.end;
    assert.deepEqual(aborted, { kind: "signalled", signal: 6 });
    assert.equal(endOfVanished("7", begun, false, gone, null), null, "the engine may yet answer of it");
    assert.deepEqual(endOfVanished("7", ended("cause=time-limit\nsignal=15"), true, null, null)?.end, {
      kind: "timed-out",
    });
    const unstarted = endOfVanished("7", ended("cause=start-failed\nexitCode=126\nwords=no folder"), true, null, null);
    assert.deepEqual(unstarted, { end: { kind: "failed", exitCode: 126 }, words: "no folder" });
  });
});

describe("what a word says", () => {
  test("arrays: tasks that wait together, and one of its own", () => {
    const waiting = controllerWord(
      line("JobState=PENDING Reason=JobHeldUser").replace("JobId=7", "JobId=16 ArrayJobId=16 ArrayTaskId=0-2,4-6:2%2"),
    );
    assert.deepEqual(waiting?.indices, [0, 1, 2, 4, 6]);
    const own = controllerWord(line("JobState=RUNNING").replace("JobId=7", "JobId=18 ArrayJobId=16 ArrayTaskId=3"));
    assert.deepEqual([own?.jobId, own?.arrayJob, own?.indices], [18, 16, [3]]);
    const cells = { JobID: "16_3", JobIDRaw: "18", State: "COMPLETED", ExitCode: "0:0", JobName: "x" };
    const row = accountingWord(new Map(Object.entries(cells)));
    assert.deepEqual([row?.jobId, row?.arrayJob, row?.indices], [18, 16, [3]]);
    const queue = queueWord(
      new Map([
        ["id", "16"],
        ["arrayJob", "16"],
        ["arrayTask", "0,2,4,..."],
        ["state", "PENDING"],
        ["start", "1795370000"],
      ]),
    );
    assert.deepEqual([queue?.indices, queue?.startS], [null, 1_795_370_000]);
  });

  test("the tag is found in the name, and in a comment that the site rewrote; another's is not", () => {
    const word = { name: "probe.weir-abc-1.0.1-1", comment: "site:weir-abc-1.0.1-1" };
    assert.ok(carriesTag(word, "abc-1.0.1-1"));
    assert.ok(carriesTag({ ...word, name: "renamed" }, "abc-1.0.1-1"));
    assert.ok(!carriesTag(word, "bc-1.0.1-1"));
    assert.ok(!carriesTag({ name: "probe.weir-abc-1.0.1-11", comment: null }, "abc-1.0.1-1"));
  });

  test("how long it lasted is told of what ended on a node; how often it was restarted, of any", () => {
    const elapsed = (facts: string) => wordOf(facts).elapsedS;
    assert.equal(elapsed(`JobState=COMPLETED ExitCode=0:0 ${ran}`), 3);
    assert.equal(elapsed(`JobState=RUNNING ExitCode=0:0 ${ran}`), 0, "its end is its limit");
    assert.equal(
      elapsed(`JobState=CANCELLED ExitCode=0:0 ${never.replace("EndTime=1795367583", "EndTime=1795367683")}`),
      0,
    );
    assert.equal(wordOf(`JobState=RUNNING Restarts=2 ExitCode=0:0 ${ran}`).restarts, 2);
  });

  test("usage is of the last try: CPU of the job's row, memory of its steps", () => {
    const rows = [
      { JobIDRaw: "7", UserCPU: "00:00.007", SystemCPU: "00:00.584", MaxRSS: "", ConsumedEnergyRaw: "" },
      { JobIDRaw: "7.batch", UserCPU: "00:00.007", SystemCPU: "00:00.584", MaxRSS: "168132K" },
      { JobIDRaw: "7.0", UserCPU: "1-00:00:01", SystemCPU: "00:00:00", MaxRSS: "1.5G" },
      { JobIDRaw: "77.batch", MaxRSS: "9000G" },
    ].map((row) => new Map(Object.entries(row)));
    assert.deepEqual(measuredBy(rows, 7), {
      cpuUserMs: 7,
      cpuSystemMs: 584,
      peakMemoryMib: 1536,
      energyJoules: null,
    });
    // Of a job that Slurm began again the row of its last try comes last; energy is told where the site measures it.
    const again = [
      { JobIDRaw: "7", UserCPU: "01:00", SystemCPU: "00:00", ConsumedEnergyRaw: "9" },
      { JobIDRaw: "7", UserCPU: "00:02", SystemCPU: "00:00", ConsumedEnergyRaw: "1234" },
    ].map((row) => new Map(Object.entries(row)));
    const done = wordOf(`JobState=COMPLETED ExitCode=0:0 ${ran}`);
    const measured = usageOf(done, again, ended("cause=exited\ncheckpointMs=1500\npeakMemoryBytes=104857600"));
    assert.deepEqual([measured.cpuUserMs, measured.energyJoules, measured.checkpointMs], [2_000, 1234, 1500]);
    assert.deepEqual([measured.peakMemoryMib, measured.memoryWay], [100, "sampled"]);
    // The record is the user's to write: what is no whole number counts as nothing.
    const forged = usageOf(done, [], ended("cause=exited\ncpuUserMs=-5000\ncpuSystemMs=1e9\ncheckpointMs=-1"));
    assert.deepEqual([forged.cpuUserMs, forged.cpuSystemMs, forged.checkpointMs], [0, 0, 0]);
    const nothing = { JobIDRaw: "7", UserCPU: "00:00:00", SystemCPU: "00:00:00", MaxRSS: "" };
    assert.equal(measuredBy([new Map(Object.entries(nothing))], 7), null, "jobacct_gather/none");
    const usage = usageOf(wordOf(`JobState=COMPLETED ExitCode=0:0 ${ran}`), [], exited(0));
    assert.deepEqual([usage.startedMs, usage.wallMs, usage.memoryWay], [1_795_367_579_000, 3000, "none"]);
  });

  test("energy, as 22.05 was seen to show it: of a script by its batch step, of steps on several nodes by their sum", () => {
    const energy = (nodes: string, ofJob: string, ofBatch: string) => {
      const job = { JobIDRaw: "7", UserCPU: "00:00.347", NNodes: nodes, ConsumedEnergyRaw: ofJob };
      const batch = { JobIDRaw: "7.batch", MaxRSS: "117184K", ConsumedEnergyRaw: ofBatch };
      return measuredBy(
        [job, batch].map((row) => new Map(Object.entries(row))),
        7,
      )?.energyJoules;
    };
    assert.equal(energy("1", "", "16126"), 16_126);
    assert.equal(energy("2", "22184", "11998"), 22_184);
    assert.equal(energy("1", "22184", "11998"), 11_998, "two steps side by side on its node count that node twice");
    assert.equal(energy("2", "", "11998"), 11_998);
    assert.equal(energy("1", "", "0"), null);
    assert.equal(energy("1", "", "18446744073709551614"), null, "NO_VAL64: the counter could not be read");
  });

  test("what it was suspended for is no time of its run", () => {
    const facts = "JobState=FAILED ExitCode=3:0 StartTime=1795470884 EndTime=1795470901 NodeList=qingdao1";
    assert.equal(wordOf(`RunTime=00:00:01 ${facts}`).elapsedS, 1);
    assert.equal(wordOf(facts).elapsedS, 17);
  });

  test("a number that several jobs have had: what the others used is not this one's", () => {
    const row = (id: string, tag: string, more: object) =>
      new Map(
        Object.entries({ JobID: id, JobIDRaw: id, JobName: id === "7" ? `probe.weir-${tag}` : "batch", ...more }),
      );
    const rows = [
      row("7", "abc-1.0.1-1", { State: "COMPLETED", UserCPU: "00:05.000", SystemCPU: "00:00.000" }),
      row("7.batch", "abc-1.0.1-1", { MaxRSS: "900M" }),
      row("7", "abc-2.0.1-1", { State: "FAILED", UserCPU: "00:01.000", SystemCPU: "00:00.000" }),
      row("7.batch", "abc-2.0.1-1", { MaxRSS: "10M" }),
      row("7", "abc-3.0.1-1", { State: "FAILED", UserCPU: "00:09.000", SystemCPU: "00:00.000" }),
      row("7.batch", "abc-3.0.1-1", { MaxRSS: "500M" }),
    ];
    const ours = rowsOfTag(rows, "abc-2.0.1-1");
    assert.deepEqual(ours, rows.slice(2, 4));
    const used = measuredBy(ours, 7);
    assert.deepEqual([used?.cpuUserMs, used?.peakMemoryMib], [1000, 10]);
  });

  test("within the second that the engine keeps, the wrapper's milliseconds count; beyond it the engine's word does", () => {
    const wallOf = (wallMs: number, startedMs = 0) => {
      const record = ended(`cause=exited\nexitCode=0\nwallMs=${wallMs}\nstartedMs=${startedMs}`);
      const usage = usageOf(wordOf(`JobState=COMPLETED ExitCode=0:0 ${ran}`), [], record);
      return [usage.wallMs, (usage.startedMs ?? 0) - 1_795_367_579_000];
    };
    assert.deepEqual(wallOf(2_345, 1_795_367_579_654), [2_345, 654]);
    assert.deepEqual(wallOf(3_999, 1_795_367_578_900), [3_999, -100]);
    assert.deepEqual(wallOf(4_000, 1_795_367_580_000), [3_000, 0]);
    assert.deepEqual(wallOf(1), [3_000, 0]);
  });
});
