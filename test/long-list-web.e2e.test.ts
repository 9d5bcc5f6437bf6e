import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { requires } from "../tools/requirement.ts";
import { type Console, openConsole } from "./console.ts";
import { eventually } from "./network.ts";

// The list of jobs where it is long: only what is on the screen is in the page, and it is moved through at once.

const jobs = 3000;
/** Those on a screen of 800 pixels, a dozen above and below, the head and the line that says that more is read. */
const mostRows = 60;

describe("a long list of jobs, in the console", { skip: requires("chromium", "cjk-font") }, () => {
  let it: Console;

  before(async () => {
    it = await openConsole();
  });
  after(() => it?.close());

  test("some thousand jobs are scrolled through to the oldest, and the page never holds more rows than a screen needs", async (t) => {
    const { page, server } = it;
    const first = await it.submitted({ command: ["true"], name: "the oldest" });
    await server.db.pool.query(
      `insert into job (id, tenant_id, project_id, person_id, name, spec, task_count, defaults, warnings, submitted_ms,
         state, queued, placed, starting, running, ended, runs, outcome, centres, started_ms, ended_ms)
       select id + i, tenant_id, project_id, person_id, 'of many ' || i, spec, 1, '[]', '[]', submitted_ms + i,
         'ended', 0, 0, 0, 0, 1, 1, '{"kind":"succeeded"}', '{local}', submitted_ms + i, submitted_ms + i + 1000
       from job, generate_series(1, ${jobs}) i where id = $1`,
      [first],
    );
    await page.goto(`${server.url}/jobs`);
    const grid = page.getByRole("grid");
    await grid.getByText(`of many ${jobs}`, { exact: true }).waitFor();

    // Every frame: the most rows there ever were, and the longest that the page did not answer.
    await page.evaluate(() => {
      const seen = { rows: 0, stuckMs: 0, lastMs: performance.now() };
      Object.assign(window, { seen });
      const look = (nowMs: number) => {
        seen.rows = Math.max(seen.rows, document.querySelectorAll('[role="grid"] tr').length);
        seen.stuckMs = Math.max(seen.stuckMs, nowMs - seen.lastMs);
        seen.lastMs = nowMs;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    const beganMs = performance.now();
    const oldest = grid.getByText("the oldest", { exact: true });
    await eventually("the oldest job is scrolled to", async () => {
      await grid.evaluate((table) => table.parentElement?.scrollTo({ top: table.parentElement.scrollHeight }));
      return (await oldest.count()) === 1 ? true : null;
    });
    const tookMs = performance.now() - beganMs;
    const seen: { readonly rows: number; readonly stuckMs: number } = await page.evaluate(() =>
      Reflect.get(window, "seen"),
    );
    t.diagnostic(
      `${jobs} rows in ${Math.round(tookMs)} ms, at most ${seen.rows} at once, still for ${Math.round(seen.stuckMs)} ms`,
    );
    assert.ok(seen.rows > 10 && seen.rows <= mostRows, `${seen.rows} rows in the page`);
    assert.ok(tookMs < 30_000, `${tookMs} ms to the oldest`);
    assert.ok(seen.stuckMs < 2_000, `the page stood still for ${seen.stuckMs} ms`);
    await page.getByText(/^3,?001 in all$/).waitFor();

    await grid.evaluate((table) => table.parentElement?.scrollTo({ top: 0 }));
    await grid.getByText(`of many ${jobs}`, { exact: true }).waitFor();
    assert.equal(await oldest.count(), 0, "what is far from the screen is not in the page");
  });
});
