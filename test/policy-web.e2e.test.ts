import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { ok, type TestServer } from "#server/http/testing.ts";
import { requires } from "../tools/requirement.ts";
import { administratorsPage, holds, looking, newPage } from "./browser.ts";
import { type Console, openConsole } from "./console.ts";

// The rules by which work is ordered and placed, read and changed in the console, and what a job says that made way by
// them. No agent is there: the test says what the centre does.

describe("the policy, in the console", { skip: requires("chromium", "cjk-font") }, () => {
  let it: Console;
  let server: TestServer;
  let page: Page;

  before(async () => {
    it = await openConsole();
    ({ server, page } = it);
  });
  after(() => it?.close());

  test("the form writes into the file and the file into the form; what is wrong is said, what is right put in force", async () => {
    const { seen, title, field } = looking(page);
    await page.getByRole("link", { name: "Scheduling policy" }).click();
    await title("Scheduling policy");
    await seen("as it ships; nobody has set one yet");
    await seen("3 d 12 h: from 2 d 17 h on it is served first");
    const use = page.getByRole("button", { name: "Put in force" });
    await use.and(page.locator(":disabled")).waitFor();

    await field("Weight of carbon").fill("2.5");
    const changes = page.getByRole("table", { name: "What changes" });
    await changes.getByText("placing.carbonWeight").waitFor();
    const file = field("Policy file");
    const written = await holds(file, /"carbonWeight": 2\.5/);
    await file.fill(written.replace('"riskWeight": 1', '"riskWeight": -1'));
    const refused = page.getByRole("alert");
    await refused.getByText("-1 cannot be it.").waitFor();
    await refused.getByText("placing.riskWeight").waitFor();
    await refused.getByText("Weight of the risk of loss").waitFor();
    await use.and(page.locator(":disabled")).waitFor();
    await file.fill(written.replace('"riskWeight": 1', '"riskWeight": 3'));
    await holds(field("Weight of the risk of loss"), /^3$/);

    // What was typed stays as it was typed, and its bounds are said beside it.
    const longest = field("Longest wait");
    await longest.fill("-4");
    await longest.blur();
    await seen("From 1 to 8760 h.");
    assert.equal(await longest.inputValue(), "-4");
    await use.and(page.locator(":disabled")).waitFor();
    await longest.fill("10");
    await refused.getByText("Served first from this long before it").waitFor();
    await refused.getByText("more than the longest wait").waitFor();
    await longest.fill("84");
    await seen("18 h 43 min 20 s");
    await page.getByLabel("Make room for a higher priority").uncheck();
    await changes.getByText("preemption").waitFor();

    await use.click();
    await seen(/version 1, set by admin, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+08:00/);
    await seen("carbon × 2.5, risk of loss × 3");
    await page.getByRole("table", { name: "Versions" }).getByText("admin").waitFor();
    const kept = await server.client().call("policy", {});
    assert.ok(kept.kind === "answer");
    const { version, policy } = kept.value;
    assert.deepEqual([version, policy.preemption], [1, null]);
  });

  test("whoever is no administrator reads it and finds no form, in Chinese too", async () => {
    const person = await server.client().call("addPerson", { body: { name: "lin", projects: ["default"] } });
    assert.ok(person.kind === "answer");
    const other = await newPage(it.browser);
    await other.goto(person.value.signInUrl);
    await looking(other).title("The network at a glance");
    await other.goto(`${server.url}/policy`);
    await looking(other).seen("version 1, set by admin");
    await other.getByRole("button", { name: "中文" }).click();
    await looking(other).title("调度策略");
    await looking(other).seen("碳排放 × 2.5，损失风险 × 3");
    assert.equal(await other.getByRole("button", { name: "使其生效" }).count(), 0);
    await other.context().close();
  });

  test("a job that made way says for whom, that it is not billed, and waits as such; in both languages", async () => {
    const { seen, state } = looking(page);
    const wishes = { name: "filler", priorityClass: "low", preemptible: "restarts" } as const;
    const job = await it.submitted({ command: ["sleep", "600"], ...wishes });
    const run = await it.started(job);
    const other = await it.submitted({ command: ["true"], name: "urgent" });
    await it.end(run, { kind: "preempted", evidence: `makes way for ${other}` });
    await page.goto(`${server.url}/jobs/${job}`);
    await state("queued");
    await seen(`Attempt 1 made way for job ${other}, which has a higher priority.`);
    await seen("It is not billed. The task is back at its place in the queue.");
    await page.getByRole("tab", { name: "Why it waits", selected: true }).waitFor();
    const line = page.getByRole("region", { name: "Time line" });
    await line.getByRole("listitem").filter({ hasText: "Preempted" }).getByText("attempt 1").waitFor();
    await page.getByRole("tab", { name: "Runs and history" }).click();
    await page.getByRole("table", { name: "History" }).getByText("queued again").waitFor();
    await page.getByRole("button", { name: "中文" }).click();
    await seen(`第 1 次运行已为优先级更高的作业 ${other} 让出位置。`);
    await seen("被抢占：为作业");
    await seen("可以：让位后从头运行");
    await page.getByRole("link", { name: `作业 ${other}` }).click();
    await looking(page).title(`${other} urgent`);
  });

  test("what another administrator sets meanwhile takes nothing away that was typed, and is told when that is sent", async () => {
    const client = server.client();
    const own = await administratorsPage(it.browser, server);
    await own.clock.install();
    const { seen, field } = looking(own);
    const alert = own.getByRole("alert").getByText("Changed by somebody else");
    /** The page asks again of what it was told a while ago, as when one comes back to its window. */
    const comeBack = async (asked: string) => {
      const reply = own.waitForResponse((one) => one.url().endsWith(`/api/v1/${asked}`));
      await own.clock.fastForward(60_000);
      await own.evaluate(() => window.dispatchEvent(new Event("visibilitychange")));
      await reply;
    };

    await own.goto(`${server.url}/policy`);
    await field("Weight of carbon").fill("7");
    const { version, policy } = await ok(client.call("policy", {}));
    await ok(client.call("setPolicy", { body: { ...policy, name: "another" } }));
    await comeBack("policy");
    await seen(`version ${version + 1}, set by admin`);
    assert.equal(await field("Weight of carbon").inputValue(), "7");
    await own.getByRole("button", { name: "Put in force" }).click();
    await alert.waitFor();
    await own.getByRole("alert").getByText("in the console Scheduling policy; or weir policy show").waitFor();
    await own.getByLabel("Begin with").click();
    await own.locator(".ant-select-item-option", { hasText: "the one in force" }).click();
    await alert.waitFor({ state: "detached" });
    await field("Weight of carbon").fill("7");
    await own.getByRole("button", { name: "Put in force" }).click();
    await seen(`version ${version + 2}, set by admin`);

    const agreements = own.getByRole("region", { name: "Agreements between regions" });
    const dialog = own.getByRole("dialog");
    await agreements.getByRole("button", { name: "Change them" }).click();
    await dialog.getByLabel("Where no agreement names two regions").click();
    await own.locator(".ant-select-item-option", { hasText: "nothing crosses" }).click();
    await ok(client.call("setAgreements", { body: { agreements: [], otherwise: "refused" } }));
    await ok(client.call("setAgreements", { body: { agreements: [], otherwise: "allowed" } }));
    await comeBack("agreements");
    await agreements.getByText("version 2, set by admin").waitFor();
    await dialog.getByRole("button", { name: "Put in force" }).click();
    await dialog.getByRole("alert").getByText("Changed by somebody else").waitFor();

    await own.goto(`${server.url}/centres`);
    await own.getByRole("button", { name: "Terms" }).click();
    await dialog.getByLabel("Runs of a kind in its queue").fill("9");
    const terms = await ok(client.call("terms", { params: { centre: "local" } }));
    await ok(client.call("setTerms", { params: { centre: "local" }, body: { ...terms.terms, region: "cn-sd" } }));
    await comeBack("centres/local/terms");
    await dialog.getByText("Version 1, set by admin").waitFor();
    assert.equal(await dialog.getByLabel("Runs of a kind in its queue").inputValue(), "9");
    await own.context().close();
  });
});
