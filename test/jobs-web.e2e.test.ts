import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Route } from "playwright-core";
import { ok } from "#server/http/testing.ts";
import { requires } from "../tools/requirement.ts";
import { looking } from "./browser.ts";
import { type Console, openConsole } from "./console.ts";

// What the pages of submission and of jobs say, in a browser whose own clock is not that of the network.

describe("jobs and their submission, in the console", { skip: requires("chromium", "cjk-font") }, () => {
  let it: Console;

  before(async () => {
    it = await openConsole({ timezoneId: "Europe/Berlin" });
  });
  after(() => it?.close());

  test("all times are by the clock of the network, which is named where they stand and where they are typed", async () => {
    const { page, server } = it;
    const deadlineMs = Date.parse("2030-12-31T18:00:00+08:00");
    const job = await it.submitted({ command: ["true"], name: "in time", deadlineMs });
    await page.goto(`${server.url}/jobs/${job}`);
    await looking(page).seen("2030-12-31 18:00:00 +08:00");
    await looking(page).seen(/submitted 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d \+08:00/);
    await looking(page).seen("Times: Asia/Shanghai +08:00");
    await looking(page).seen("This browser: Europe/Berlin");
    await page.getByRole("tab", { name: "Runs and history" }).click();
    const history = page.getByRole("table", { name: "History" });
    await history.getByRole("columnheader", { name: "Time (+08:00)" }).waitFor();

    await page.goto(`${server.url}/jobs`);
    const before = page.getByLabel("Submitted up to (+08:00)");
    await before.fill("2031-01-01 00:30");
    await before.press("Enter");
    await page.waitForURL((url) => url.searchParams.get("beforeMs") === `${Date.parse("2031-01-01T00:30:00+08:00")}`);
    assert.equal(await before.inputValue(), "2031-01-01 00:30");
    const row = page.getByRole("grid").getByText("in time");
    await row.waitFor();
    const since = page.getByLabel("Submitted from (+08:00)");
    await since.fill("2031-01-01 00:00");
    await since.press("Enter");
    await row.waitFor({ state: "detached" });
    await looking(page).seen("No job fits these filters");

    await page.goto(`${server.url}/submit`);
    await page.getByLabel("Deadline (+08:00)").waitFor();
  });

  test("a line of the list says what a job waits for, or who or what ended it", async () => {
    const { page, server } = it;
    const first = await it.submitted({ command: ["true"], name: "before it" });
    const dependencies = [{ kind: "afterok" as const, job: first }];
    await it.submitted({ command: ["true"], name: "waits for it", dependencies });
    await it.submitted({ command: ["true"], name: "several", array: "1-4" });
    const ended = await it.submitted({ command: ["true"], name: "given up" });
    await ok(server.client().call("cancel", { params: { job: ended }, body: { reason: "wrong input" } }));
    await page.goto(`${server.url}/jobs/${ended}`);
    await page.getByRole("tab", { name: "Placement" }).click();
    await page.getByText("It was never placed: there is no run.").waitFor();
    await page.goto(`${server.url}/jobs`);
    const state = (name: string) => page.getByRole("grid").getByRole("row", { name }).getByRole("gridcell").nth(2);
    await state("waits for it").getByText(`dependency: ${first} afterok`).waitFor();
    await state("given up").getByText("by its owner: wrong input").waitFor();
    await state("several").getByText("0/4").waitFor();
    await page.getByRole("button", { name: "中文" }).click();
    await state("waits for it").getByText(`依赖：${first} afterok`).waitFor();
    await state("given up").getByText("由所有者取消：wrong input").waitFor();
    await page.setViewportSize({ width: 390, height: 800 });
    await state("given up").getByText("由所有者取消：wrong input").waitFor();
    const edges = await page.getByRole("row", { name: "waits for it" }).evaluate((row) => {
      const [project, reason] = [row.children[3], row.children[2]?.lastElementChild];
      return {
        project: project?.getBoundingClientRect().right ?? 0,
        reason: reason?.getBoundingClientRect().left ?? 0,
      };
    });
    assert.ok(
      Math.abs(edges.reason - edges.project) <= 6,
      `a job at no centre leaves no gap for one: ${JSON.stringify(edges)}`,
    );
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole("button", { name: "EN", exact: true }).click();
  });

  test("what is only simulated is told apart in the network's totals", async () => {
    const { page, server } = it;
    await page.goto(`${server.url}/`);
    await page.getByRole("meter", { name: "Cores" }).first().waitFor();
    assert.equal(await page.getByText("Of these, simulated:").count(), 0);
    await server.db.pool.query("update centre set driver = 'simulated'");
    // It is kept for a second.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await page.reload();
    await looking(page).seen("Of these, simulated: 8 cores, 16 GiB. Work there is executed nowhere.");
    await page.getByRole("list").locator('[data-centre="local"]').getByText("simulated", { exact: true }).waitFor();
    await server.db.pool.query("update centre set driver = 'process'");
  });

  test("what a job waits for stands at the top, whichever of its views is open", async () => {
    const { page, server } = it;
    const first = await it.submitted({ command: ["true"], name: "comes first" });
    const dependencies = [{ kind: "afterok", job: first }] as const;
    const second = await it.submitted({ command: ["true"], name: "comes second", dependencies: [...dependencies] });
    await page.goto(`${server.url}/jobs/${second}`);
    const sentence = page.getByRole("status").getByText(new RegExp(`job ${first}`));
    for (const view of ["Log", "Specification"]) {
      await page.getByRole("tab", { name: view, exact: true }).click();
      await sentence.waitFor();
    }
  });

  test("what ends while the list is on its way is seen all the same", async () => {
    const { page, server } = it;
    const job = await it.submitted({ command: ["true"], name: "ends meanwhile" });
    await page.goto(`${server.url}/jobs`);
    const row = page.getByRole("row", { name: "ends meanwhile" });
    await row.locator('[data-state="queued"]').waitFor();
    const made = Promise.withResolvers<void>();
    const arrives = Promise.withResolvers<void>();
    const slowly = async (route: Route) => {
      const response = await route.fetch();
      made.resolve();
      await arrives.promise;
      await route.fulfill({ response });
    };
    await page.route(/\/api\/v1\/jobs\?/, slowly, { times: 1 });
    const run = await it.started(job);
    await made.promise;
    await it.end(run, { kind: "succeeded" });
    await delay(1_000); // The event is there before the answer.
    arrives.resolve();
    await row.locator('[data-state="succeeded"]').waitFor({ timeout: 20_000 });
  });

  test("an array opens on its first failed task, and says at the top how that ended, as a plain job does", async () => {
    const { page, server } = it;
    const { seen } = looking(page);
    const array = await it.submitted({ command: ["true"], name: "parts", array: "1-30" });
    for (let index = 1; index <= 30; index += 1)
      await it.end(
        await it.started(array, index),
        index % 17 === 0
          ? { kind: "failed", exitCode: 127 }
          : index === 20
            ? { kind: "out-of-memory" }
            : { kind: "succeeded" },
      );
    await page.goto(`${server.url}/jobs/${array}`);
    const box = page.getByRole("alert");
    await box.getByText("Task 17: It ended with exit code 127.").waitFor();
    await box.getByText("The shell did not find the command", { exact: false }).waitFor();
    await box.getByText("Of the others: 1 Out of memory.", { exact: false }).waitFor();
    await page.getByRole("button", { name: "Task 17: Failed", pressed: true }).waitFor();
    await page.getByRole("button", { name: "28 Succeeded" }).click();
    await page.getByRole("button", { name: "Task 1: Succeeded", pressed: true }).waitFor();
    await box.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "1 Failed", exact: true }).click();
    await box.waitFor();
    // A task has an address of its own, as it is named everywhere else.
    await page.goto(`${server.url}/jobs/${array}_3`);
    await page.getByRole("button", { name: "Task 3: Succeeded", pressed: true }).waitFor();
    await page.waitForURL((url) => url.pathname === `/jobs/${array}` && url.searchParams.get("task") === "3");

    const plain = await it.submitted({ command: ["false"], name: "breaks" });
    await it.end(await it.started(plain), { kind: "failed", exitCode: 3 });
    await page.goto(`${server.url}/jobs/${plain}`);
    await box.getByText("It ended with exit code 3.", { exact: true }).waitFor();
    await seen("breaks");
  });

  test("what is no page says so beside the menu, which leads on", async () => {
    const { page, server } = it;
    for (const path of ["/jobs/abc", "/jobs/13_", "/jobs/1/2", "/nowhere", "/centres/nowhere"]) {
      await page.goto(server.url + path);
      await looking(page).title("There is no such page");
      await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Jobs" }).waitFor();
      assert.doesNotMatch(await page.title(), /NaN/);
    }
    const menu = page.getByRole("navigation", { name: "Main" });
    await page.goto(`${server.url}/jobs/999999`);
    await page.getByRole("alert").getByText("Not found").waitFor();
    await menu.getByRole("link", { name: "Jobs" }).click();
    await looking(page).title("Jobs");
    // A page that fails by what it is answered.
    await page.route("**/api/v1/jobs/1", (route) => route.fulfill({ json: {} }), { times: 1 });
    await page.goto(`${server.url}/jobs/1`);
    await page.getByRole("alert").getByText("Something in this page broke").waitFor();
    await menu.getByRole("link", { name: "Jobs" }).click();
    await looking(page).title("Jobs");
  });

  test("how long a run ran is one figure; what it held and used of memory stands beside what it is billed", async () => {
    const { page, server } = it;
    const script = "#!/bin/sh\n#SBATCH -o out-%j.txt\ntrue\n";
    const job = await it.submitted({ script, name: "measured" });
    const usage = { startedMs: Date.now(), wallMs: 2_340, peakMemoryMib: 7, energyJoules: 90_000 };
    const run = await it.started(job);
    await page.goto(`${server.url}/jobs/${job}`);
    const facts = page.getByRole("region", { name: "Usage and cost" });
    await facts.getByText("Booked at the end of each run.").waitFor();
    assert.equal(
      await facts.getByText("Run time").count(),
      0,
      "while it runs nothing is booked, and 0 s would be untrue",
    );
    await it.end(run, { kind: "succeeded" }, usage);
    await page.getByRole("region", { name: "Time line" }).getByText("ran 2.34 s").waitFor();
    for (const [name, value] of [
      ["Run time", "2.34 s"],
      ["Peak memory", "7 MiB of 1 MiB held"],
      ["Energy", "0.025 kWh, counted by node, with all that ran there"],
    ] as const)
      await facts
        .locator("div", { has: page.getByText(name, { exact: true }) })
        .getByText(value, { exact: true })
        .waitFor();
    await page.getByText("stdout is also written to").getByText(`out-${job}.txt`).waitFor();
    await page.getByRole("tab", { name: "Runs and history" }).click();
    await page.getByRole("table", { name: "Runs" }).getByRole("cell", { name: "2.34 s" }).waitFor();
  });

  test("a job that was tried again is one story: every attempt with its own times", async () => {
    const { page, server } = it;
    const job = await it.submitted({ command: ["false"], name: "thrice", retries: 2 });
    for (const [attempt, wallMs] of [
      [1, 2_020],
      [2, 2_040],
      [3, 2_060],
    ] as const)
      await it.end(await it.started(job, 0, attempt), { kind: "failed", exitCode: attempt }, { wallMs });
    await page.goto(`${server.url}/jobs/${job}`);
    const steps = page.getByRole("region", { name: "Time line" }).getByRole("listitem");
    await steps.getByText("ran 2.06 s").waitFor();
    const said = (await steps.allInnerTexts()).map((text) =>
      text.replaceAll(/\d\d:\d\d:\d\d\.\d+/g, "").split(/\s*\n\s*/),
    );
    const told = said.map(([name, ...facts]) =>
      [name, ...facts.filter((fact) => /^(attempt|ran)/.test(fact))].join(" "),
    );
    assert.deepEqual(told, [
      ...["Queued", "Placed", "Running attempt 1 ran 2.02 s", "Failed attempt 1"],
      ...["Queued", "Placed", "Running attempt 2 ran 2.04 s", "Failed attempt 2"],
      ...["Queued", "Placed", "Running attempt 3 ran 2.06 s", "Failed"],
    ]);
    // Circles, and each attempt on one line.
    const boxes = await steps.evaluateAll((all) =>
      all.map((one) => {
        const dot = one.querySelector("span")?.getBoundingClientRect();
        return { top: Math.round(one.getBoundingClientRect().top), round: dot?.width === dot?.height };
      }),
    );
    assert.ok(boxes.every(({ round }) => round));
    assert.equal(new Set(boxes.map(({ top }) => top)).size, 3);
    const shown = await ok(server.client().call("job", { params: { job } }));
    const [task] = shown.firstTasks;
    assert.equal(shown.startedMs, task?.runs[0]?.startedMs);
    assert.equal(task?.startedMs, task?.runs[0]?.startedMs);
  });

  test("a refusal is said once, and no option is praised beside it; a dry run says all that the API does", async () => {
    const { page, server } = it;
    const { editor, seen } = looking(page);
    await page.goto(`${server.url}/submit`);
    const verdict = page.getByRole("status").filter({ hasText: /Every option|Not accepted/ });
    await verdict.getByText("Every option is known").waitFor();
    await editor().fill("#!/bin/sh\n#SBATCH --tiem=5\n#SBATCH --array=5-1\ntrue\n#SBATCH -n 1\n");
    const findings = page.locator("#script-findings li");
    await findings.nth(2).waitFor();
    for (const finding of await findings.allInnerTexts()) assert.equal(finding.match(/line \d/g)?.length, 1, finding);
    await page.getByRole("button", { name: "Dry run", disabled: true }).waitFor();
    await editor().fill("#!/bin/sh\n#SBATCH --partition=fast\ntrue\n");
    await page.getByRole("button", { name: "Dry run" }).click();
    await seen(/partition "fast" is offered by no centre in service/);
    await verdict.getByText("Not accepted, as said above").waitFor();
    const answered = page.waitForResponse((response) => response.url().endsWith("/api/v1/jobs"));
    await page.getByRole("button", { name: "Submit", exact: true }).click();
    await answered;
    await page.locator(".ant-btn-primary:not(.ant-btn-loading)").waitFor();
    assert.equal(await page.getByRole("alert").count(), 1);

    await editor().fill("#!/bin/sh\n#SBATCH -t 5 --deadline=2030-12-31T18:00 -o /tmp/said.txt\ntrue\n");
    await verdict.getByText("Every option is known").waitFor();

    await page.getByRole("button", { name: "Dry run" }).click();

    await page.getByRole("alert").waitFor({ state: "detached" });
    await seen(/it must end by 2030-12-31 18:00:00/);
  });

  for (const width of [1280, 390])
    test(`what an empty field of the submission asks for can be read whole, at ${width} px`, async () => {
      const { page, server } = it;
      await page.setViewportSize({ width, height: 900 });
      for (const language of ["EN", "中文"]) {
        await page.goto(`${server.url}/submit`);
        await page.getByRole("button", { name: language, exact: true }).click();
        await page.getByRole("heading", { level: 1, name: language === "EN" ? "Submit a job" : "提交作业" }).waitFor();
        const cut = await page.evaluate(() => {
          const pen = document.createElement("canvas").getContext("2d");
          return [...document.querySelectorAll<HTMLInputElement>("main input[placeholder]")].flatMap((field) => {
            const { font, paddingLeft, paddingRight } = getComputedStyle(field);
            if (pen === null || field.clientWidth === 0) return [];
            pen.font = font;
            const room = field.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
            return pen.measureText(field.placeholder).width > room + 1 ? [field.placeholder] : [];
          });
        });
        assert.deepEqual(cut, [], language);
      }
      await page.getByRole("button", { name: "EN", exact: true }).click();
      await page.setViewportSize({ width: 1280, height: 800 });
    });
});
