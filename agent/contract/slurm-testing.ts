import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { openSlurm, usualPace } from "#agent/drivers/slurm/driver.ts";
import type { TestSite } from "#agent/drivers/slurm/site-testing.ts";
import { checkNames, gradeOf } from "#core/centre/connection-test.ts";
import { runContract } from "./suite.ts";

/** For tests: that the Slurm driver passes each check at this site, by what its site's file says. */
export async function keeps(t: TestContext, site: TestSite): Promise<void> {
  const trial = { test: 7, session: 1, person: { id: 1, name: "li" }, project: { id: 1, name: "default" } };
  const notes: string[] = [];
  // What its engine holds beyond a lease the agent takes out only after the usual time: the engine's own fence is asked.
  const settings = { ...site.settings, heldBeyondMs: usualPace.heldBeyondMs };
  const open = () => openSlurm(settings, (words, facts) => notes.push(`${words} ${JSON.stringify(facts)}`));
  const results = await runContract(open, {
    trial,
    pool: "batch",
    patienceMs: 90_000,
    heldBackMs: 90_000,
    onResult: ({ check, verdict, tookMs, seen }) => t.diagnostic(`${check} ${verdict} ${tookMs} ms: ${seen}`),
  });
  assert.deepEqual(
    results.map(({ check, verdict, seen }) => `${check} ${verdict === "pass" ? "pass" : `${verdict}: ${seen}`}`),
    checkNames.map((check) => `${check} pass`),
    notes.slice(-10).join("\n"),
  );
  assert.equal(gradeOf(results, 0).grade, "A");
}
