import assert from "node:assert/strict";
import { linkSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { parseRunId, type RunId, runId } from "#core/ids.ts";
import { isRoot, openSandbox, type Sandbox } from "./sandbox.ts";

// Real processes: a job that saves its work is told in time, and its next attempt finds what it saved.
let box: Sandbox;
before(async () => {
  box = await openSandbox();
});
after(() => box.close());

/** Says `ready` once it hears the signal, and what it heard. */
const hears = (then: string) => `trap 'echo heard; ${then}' USR1
echo ready
while :; do sleep 0.02; done`;
const usr1 = (beforeS: number) => ({ signal: "USR1", beforeS }) as const;

/** Fails where the run ends without it. */
async function said(run: RunId, line: string): Promise<void> {
  let isOver = false;
  void box.ended(run).then(() => (isOver = true));
  for (;;) {
    const isLast = isOver;
    if ((await box.log(run)).includes(`${line}\n`)) return;
    assert(!isLast, `it ended before it said ${line}: ${await box.log(run, "stderr")}`);
    await delay(10);
  }
}

describe("the warning", () => {
  test("comes to the program alone, so long before the limit, and once", async () => {
    const ended = await box.run(
      `perl -e '$SIG{USR1} = sub { print "child\\n"; exit }; sleep 100' &\n${hears("true")}`,
      {
        timeLimitS: 5,
        graceS: 0,
        warning: usr1(2),
      },
    );
    assert.deepEqual(ended.end, { kind: "timed-out" });
    assert.equal(await box.log(ended.run), "ready\nheard\n");
  });

  test("a run that makes room hears it at once, and SIGTERM so long after it", async () => {
    const run = await box.start(hears('trap "echo term; exit 0" TERM'), {
      timeLimitS: 300,
      graceS: 30,
      warning: usr1(1),
    });
    await said(run, "ready");
    assert.equal(await box.driver.cancel(run, true), "cancelling");
    await said(run, "heard");
    assert.equal(await box.driver.cancel(run, true), "cancelling", "asked again, it is not told again");
    const ended = await box.ended(run);
    assert.equal(ended.end.kind, "cancelled");
    assert.equal(await box.log(run), "ready\nheard\nterm\n");
    assert.ok(ended.usage.wallMs >= 1000, `${ended.usage.wallMs} ms`);
  });

  test("who leaves by itself meanwhile ends as it says", async () => {
    for (const [status, end] of [
      [85, "failed"],
      [0, "succeeded"],
    ] as const) {
      const run = await box.start(hears(`exit ${status}`), { timeLimitS: 300, graceS: 30, warning: usr1(100) });
      await said(run, "ready");
      await box.driver.cancel(run, true);
      assert.equal((await box.ended(run)).end.kind, end);
    }
  });

  test("a cancel waits for nothing, also of one that was told to make room before", async () => {
    const run = await box.start(hears("true"), { timeLimitS: 300, graceS: 0, warning: usr1(100) });
    await said(run, "ready");
    await box.driver.cancel(run, true);
    await said(run, "heard");
    await box.driver.cancel(run);
    assert.equal((await box.ended(run)).end.kind, "cancelled");
    const plain = await box.start(hears("true"), { graceS: 0 });
    await said(plain, "ready");
    await box.driver.cancel(plain, true);
    assert.equal((await box.ended(plain)).end.kind, "cancelled", "it asked for no warning");
    assert.equal(await box.log(plain), "ready\n");
  });
});

describe("what an attempt leaves to the next", () => {
  const attempt = (first: RunId, number: number, script: string) => {
    const ref = parseRunId(first);
    assert(ref);
    return box.run(script, { run: runId({ ...ref, attempt: number }), attempt: number });
  };

  test("its working folder, by a variable; a first attempt has none", async () => {
    const first = await box.run(
      `echo \${WEIR_FORMER_WORK-none} $WEIR_ATTEMPT; mkdir deep; echo 41 > deep/step; exit 1`,
    );
    assert.equal(await box.log(first.run), "none 1\n");
    const second = await attempt(
      first.run,
      2,
      `cat "$WEIR_FORMER_WORK/deep/step"; echo $WEIR_ATTEMPT; cp -r "$WEIR_FORMER_WORK/deep" .; echo 42 >> deep/step`,
    );
    assert.deepEqual(second.end, { kind: "succeeded" }, await box.log(second.run, "stderr"));
    assert.equal(await box.log(second.run), "41\n2\n");
    const fourth = await attempt(first.run, 4, `cat "$WEIR_FORMER_WORK/deep/step"`);
    assert.equal(await box.log(fourth.run), "41\n42\n", "the last that ran here, though it is not the one before");
  });

  test("only what is the run's own is handed over", { skip: !isRoot && "no uid is given to anybody" }, async () => {
    const first = await box.run("echo mine > own; exit 1");
    const work = join(box.home, "runs", first.run, "work");
    const outside = join(box.home, "runs", first.run, "stdout");
    linkSync(outside, join(work, "linked"));
    const before = lstatSync(outside).uid;
    const second = await attempt(first.run, 2, `cd "$WEIR_FORMER_WORK" && cat own && : >> own && ! test -w linked`);
    assert.deepEqual(second.end, { kind: "succeeded" }, await box.log(second.run, "stderr"));
    assert.equal(lstatSync(outside).uid, before, "a file that is linked elsewhere stays whose it is");
    const left = lstatSync(join(box.home, "runs", second.run, "former", "own"));
    assert.equal(left.uid, before, "and in the end all of it is the agent's again");
  });

  test("it says that its work is saved by touching a file, and that is told with its end", async () => {
    const saved = await box.run(`sleep 1.2; touch "$WEIR_CHECKPOINT"; sleep 1.2; exit 1`);
    const { checkpointMs = null, wallMs } = saved.usage;
    assert.ok(checkpointMs !== null && checkpointMs > 0 && checkpointMs <= 1_600, `${checkpointMs} ms`);
    assert.ok(wallMs >= 2_400);
    assert.equal((await box.run("true")).usage.checkpointMs, undefined);
    const later = await box.run(`touch -d 2100-01-01 "$WEIR_CHECKPOINT"`);
    assert.equal(later.usage.checkpointMs, later.usage.wallMs);
  });
});
