import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionTest } from "#api/connection-test.ts";
import type { Call } from "#cli/call.ts";
import { connectionText, timeText } from "#cli/formats.ts";
import { everyPage } from "#cli/pages.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import type { Cell } from "#cli/table.ts";
import { type CheckName, checkWords } from "#core/centre/connection-test.ts";
import { seenWords } from "#core/centre/test-words.ts";

/** JSON: the API's `ConnectionTest`. Status 0 only for a passing grade. */
export async function testCentre(call: Call): Promise<number> {
  const centre = call.operands[0] ?? "";
  const test = call.has("last") ? await lastTest(call, centre) : await runTest(call, centre);
  if (call.json) await call.printJson(test);
  else await printTest(call, test);
  return test.grade === null ? exitCodes.failed : exitCodes.done;
}

async function lastTest(call: Call, centre: string): Promise<ConnectionTest> {
  const { tests } = await call.ask("tests", { params: { centre }, query: { limit: 1 } });
  const [last] = tests;
  if (last) return last;
  throw new Stop(exitCodes.failed, call.say("testNone", { centre }));
}

/** Asks for a test, or joins the one under way, and tells each check as it becomes known. */
export async function runTest(call: Call, centre: string): Promise<ConnectionTest> {
  const pool = call.one("pool");
  const project = call.one("project");
  const body = { ...(pool !== null && { pool }), ...(project !== null && { project }) };
  const asked = await call.ask("addTest", { params: { centre }, body });
  call.note(call.say("testAsked", { centre, test: asked.id }));
  if (asked.state === "asked") await noteAway(call, centre);
  const told = new Set<CheckName>();
  const sinceMs = Date.now();
  for (;;) {
    const test = await call.ask("test", { params: { centre, test: asked.id } });
    for (const { check, verdict, seen } of test.checks) {
      if (told.has(check)) continue;
      told.add(check);
      const words = `  ${told.size}/${test.of} ${centre}: ${checkText(call, check)}: ${call.say(`verdict_${verdict}`)}`;
      call.note(verdict === "fail" ? `${words} (${seenWords(seen, call.language)})` : words);
    }
    if (test.state === "ended") return test;
    if (test.state === "abandoned") throw new Stop(exitCodes.failed, call.say("testAbandoned", { test: test.id }));
    if (test.state === "asked" && Date.now() - sinceMs > silentS * 1000)
      throw new Stop(exitCodes.failed, call.say("testSilent", { centre, seconds: silentS }));
    await delay(pollMs);
  }
}

/** An agent that is started this moment may well come within the time that is waited. */
async function noteAway(call: Call, centre: string): Promise<void> {
  const found = await everyPage(
    (cursor) => call.ask("centres", { query: { limit: 1000, ...cursor } }),
    (page) => page.centres,
  );
  const state = found.find(({ id }) => id === centre)?.state;
  if (state === undefined || state === "connected") return;
  call.note(call.say("testAway", { centre, state: connectionText(state, call.say), seconds: silentS }));
}

const pollMs = 400;
const silentS = 60;

async function printTest(call: Call, test: ConnectionTest): Promise<void> {
  const { say } = call;
  const colours = { pass: "green", fail: "red", "not-offered": "dim" } as const;
  await call.printTable(
    [
      { title: say("columnCheck") },
      { title: say("columnVerdict") },
      { title: say("columnTook"), align: "right" },
      { title: say("columnEvidence"), flexible: true },
    ],
    test.checks.map(({ check, verdict, tookMs, seen }): Cell[] => [
      checkText(call, check),
      { text: say(`verdict_${verdict}`), colour: colours[verdict] },
      `${(tookMs / 1000).toFixed(1)} s`,
      seenWords(seen, call.language),
    ]),
  );
  await call.print(`\n${gradeText(call, test)}\n`);
  for (const { check, why, leaves } of test.costs) {
    const left = leaves === null ? say("testLeavesNone") : say("testLeaves", { grade: leaves });
    await call.print(`  ${say(`testCost_${why}`, { check: checkText(call, check) })}: ${left}\n`);
  }
  if (test.key === null || test.endedMs === null) return;
  const time = timeText(test.endedMs);
  await call.print(`${say("testSigned", { test: test.id, person: test.askedBy, time, key: test.key })}\n`);
}

export function gradeText(call: Call, { centre, grade }: ConnectionTest): string {
  return grade === null ? call.say("testNoGrade", { centre }) : call.say("testGrade", { centre, grade });
}

function checkText(call: Call, check: CheckName): string {
  return checkWords[check][call.language === "zh" ? 1 : 0];
}
