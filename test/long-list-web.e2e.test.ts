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

    // Every frame: the most rows there ever were.
    await page.evaluate(() => {
      const seen = { rows: 0 };
      Object.assign(window, { seen });
      const look = () => {
        seen.rows = Math.max(seen.rows, document.querySelectorAll('[role="grid"] tr').length);
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    // What the page itself computes, whatever else the machine has to do.
    const devTools = await page.context().newCDPSession(page);
    await devTools.send("Performance.enable", { timeDomain: "threadTicks" });
    const computedMs = async (): Promise<number> => {
      const { metrics } = await devTools.send("Performance.getMetrics");
      return 1000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? assert.fail("not told"));
    };
    const beganMs = await computedMs();
    let [lastMs, longestMs] = [beganMs, 0];
    const oldest = grid.getByText("the oldest", { exact: true });
    await eventually("the oldest job is scrolled to", async () => {
      await grid.evaluate((table) => table.parentElement?.scrollTo({ top: table.parentElement.scrollHeight }));
      const isThere = (await oldest.count()) === 1;
      const nowMs = await computedMs();
      [lastMs, longestMs] = [nowMs, Math.max(longestMs, nowMs - lastMs)];
      return isThere ? true : null;
    });
    const tookMs = lastMs - beganMs;
    const rows: number = await page.evaluate(() => Reflect.get(window, "seen").rows);
    t.diagnostic(
      `${jobs} rows by ${Math.round(tookMs)} ms of work, at most ${rows} at once, ${Math.round(longestMs)} ms at a stretch`,
    );
    assert.ok(rows > 10 && rows <= mostRows, `${rows} rows in the page`);
    assert.ok(tookMs > 0 && tookMs < 20_000, `${tookMs} ms of work to the oldest`);
    assert.ok(longestMs < 2_000, `the page worked for ${longestMs} ms between two looks`);
    await page.getByText(/^3,?001 in all$/).waitFor();

    await grid.evaluate((table) => table.parentElement?.scrollTo({ top: 0 }));
    await grid.getByText(`of many ${jobs}`, { exact: true }).waitFor();
    assert.equal(await oldest.count(), 0, "what is far from the screen is not in the page");
  });
});
