import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Connection, Unreachable } from "#agent/connection.ts";
import { orderFor } from "#agent/drivers/process/sandbox.ts";
import { describeCentre } from "#agent/drivers/simulated/description.ts";
import { openSimulatedDriver } from "#agent/drivers/simulated/driver.ts";
import { testProgress } from "#api/agent.ts";
import { checkNames } from "#core/centre/connection-test.ts";
import type { RunObservation } from "#core/run-order.ts";
import { openReplaceable } from "./replaceable.ts";
import { openTester } from "./tester.ts";
import { isTrialRun, trialOrders } from "./trial.ts";

// The goal: a test is run once however often it is asked for, its report arrives, and users' runs are not disturbed.

const folder = mkdtempSync(join(tmpdir(), "weir-tester-"));
after(() => rmSync(folder, { recursive: true }));
const pools = [{ name: "default", nodes: [{ names: "n[1-4]", cores: 8, memoryMib: 16_384 }] }];
const trial = { test: 3, session: 2, person: { id: 1, name: "ada" }, project: { id: 1, name: "default" } };

function engineAt(name: string) {
  const path = join(folder, name);
  return openReplaceable(async () =>
    openSimulatedDriver({ description: describeCentre({ pools }), path, note: () => {} }),
  );
}

describe("the agent's side of a connection test", { concurrency: true }, () => {
  test("asked for again and again it runs once, and the end is told until it is taken", async () => {
    const engine = await engineAt("once");
    const heard: RunObservation[] = [];
    engine.users.listen((observation) => heard.push(observation));
    // What an agent that was killed has left of an earlier test, and a user's run beside it.
    const left = trialOrders({ ...trial, test: 2 }, "default")("#WEIR-SIM run=1h", { timeLimitS: 7200 });
    await engine.trial.start(left);
    const mine = orderFor("#WEIR-SIM run=3s exit=9");
    await engine.users.start(mine);

    const told: { readonly ended: boolean; readonly checks: number }[] = [];
    let failures = 2;
    const connection: Connection = {
      close: () => {},
      async post(path, body, credential) {
        assert.deepEqual([path, credential], ["/agent/test", "secret"]);
        const progress = testProgress.parse(body);
        if (progress.ended && failures-- > 0) throw new Unreachable("cut");
        told.push({ ended: progress.ended, checks: progress.checks.length });
        return { kind: "ok", body: {}, serverMs: null };
      },
    };
    const tester = openTester({ engine, agentVersion: "1", note: () => {} });
    const ask = () => tester.asked({ ...trial, id: 3, pool: null }, { connection, credential: "secret", session: 2 });
    ask();
    for (let turn = 0; turn < 6000 && !told.some(({ ended }) => ended); turn++) {
      if (turn % 50 === 0) ask();
      await delay(20);
    }
    ask();
    await delay(100);
    await tester.close();
    assert.deepEqual(
      told.map(({ checks }) => checks),
      [...checkNames.keys(), checkNames.length, checkNames.length],
    );
    assert.equal(told.filter(({ ended }) => ended).length, 1);
    const inEngine = await engine.trial.find();
    assert.deepEqual(
      inEngine.map(({ run }) => run),
      [mine.run],
    );
    const seen = heard.map(({ run, kind }) => `${run} ${kind}`);
    assert.deepEqual([...new Set(seen)], [`${mine.run} started`, `${mine.run} ended`]);
    await engine.trial.close();
  });

  test("a driver that is opened again tells users' runs that ended meanwhile, and trial runs to nobody else", async () => {
    const engine = await engineAt("again");
    const heard: RunObservation[] = [];
    engine.users.listen((observation) => heard.push(observation));
    const short = orderFor("#WEIR-SIM run=100ms exit=4");
    const trialRun = trialOrders(trial, "default")("#WEIR-SIM run=10s");
    await Promise.all([engine.users.start(short), engine.trial.start(trialRun)]);
    assert.ok(isTrialRun(trialRun.run) && !isTrialRun(short.run));
    const reopened = engine.reopen();
    // Who asks meanwhile waits and is answered by the new one.
    const found = await engine.users.find();
    assert.deepEqual(
      found.map(({ run }) => run),
      [short.run],
    );
    await reopened;
    for (let turn = 0; turn < 6000 && !heard.some(({ kind }) => kind === "ended"); turn++) await delay(10);
    const ended = heard.find(({ kind }) => kind === "ended");
    assert.deepEqual(ended?.kind === "ended" && ended.end, { kind: "failed", exitCode: 4 });
    assert.ok(heard.every(({ run }) => run === short.run));
    await engine.trial.close();
  });
});
