import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import type { RunEnd } from "#core/job/state.ts";
import { ok, type TestServer } from "#server/http/testing.ts";
import { requires } from "../tools/requirement.ts";
import { looking } from "./browser.ts";
import { type Console, openConsole } from "./console.ts";
import { eventually } from "./network.ts";

// The console on a phone, in both languages: nothing that can be pressed is out of sight, and what administrators set is
// there. No agent is there: the test says what the centre does.

describe("the console on a phone", { skip: requires("chromium", "cjk-font") }, () => {
  let it: Console;
  let server: TestServer;
  let page: Page;

  before(async () => {
    it = await openConsole({ viewport: { width: 390, height: 844 } });
    ({ server, page } = it);
    await ended("a-job-with-quite-a-long-name", { kind: "succeeded" });
    await ended("breaks", { kind: "failed", exitCode: 3 });
    const gone = await it.submitted({ command: ["true"], name: "gone" });
    await ok(server.client().call("cancel", { params: { job: gone }, body: {} }));
    await it.submitted({ command: ["true"], name: "waits" });
    await ok(server.client().call("addToken", { body: { name: "laptop" } }));
  });
  after(() => it?.close());

  const paths = [
    "/",
    "/submit",
    "/jobs",
    "/jobs/1",
    "/jobs/4",
    "/usage",
    "/centres",
    "/policy",
    "/tokens",
    "/administration",
  ];

  for (const language of ["English", "中文"] as const)
    test(`every page in ${language} is as wide as the screen, and so is all that can be pressed`, async () => {
      await page.goto(`${server.url}/`);
      if (language === "中文") await page.getByRole("button", { name: "中文" }).click();
      for (const path of paths) {
        await page.goto(server.url + path);
        await page.getByRole("heading", { level: 1 }).waitFor();
        assert.equal(await page.locator("html").getAttribute("lang"), language === "中文" ? "zh-CN" : "en", path);
        await eventually(`${path} fits`, async () => ((await tooWide(page)).length === 0 ? true : null), 20_000).catch(
          async () => assert.deepEqual(await tooWide(page), [], path),
        );
      }
      if (language === "中文") await page.getByRole("button", { name: "EN", exact: true }).click();
    });

  test("how jobs ended is told kind by kind; a centre without accelerators has no bar of them", async () => {
    await page.goto(`${server.url}/`);
    const work = page.getByRole("region", { name: "Work in the network" });
    for (const [words, outcome] of [
      ["Succeeded 1", "succeeded"],
      ["Failed 1", "failed"],
      ["Cancelled 1", "cancelled"],
    ] as const)
      await work
        .locator(`a[href="/jobs?outcome=${outcome}"]`)
        .getByText(words.split(" ")[0] ?? "")
        .waitFor();
    assert.equal(await page.getByRole("meter", { name: "Accelerators" }).count(), 0);
    assert.ok((await page.getByRole("meter").count()) > 0);
  });

  test("a token is revoked", async () => {
    await page.goto(`${server.url}/tokens`);
    const row = page.getByRole("row").filter({ hasText: "laptop" });
    await row.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("tooltip").getByRole("button", { name: "Revoke" }).click();
    await row.waitFor({ state: "detached" });
  });

  test("a row of the list has its project and centre, and the job all names of its views", async () => {
    await page.goto(`${server.url}/jobs`);
    const row = page.getByRole("row").filter({ hasText: "breaks" });
    await row.getByText("default").waitFor();
    await row.getByText("local").waitFor();
    // The list ends with its last row.
    const [list, last] = [page.getByRole("grid"), page.getByRole("row").last()];
    const bottom = async (part: Locator) => part.boundingBox().then((box) => (box ? box.y + box.height : 0));
    await eventually("no empty room below", async () =>
      Math.abs((await bottom(list)) - (await bottom(last))) < 4 ? true : null,
    );
    await page.goto(`${server.url}/jobs/4`);
    const tabs = page.getByRole("tab");
    await tabs.getByText("Specification").waitFor();
    assert.deepEqual(await tabs.allTextContents(), ["Log", "Why it waits", "Runs and history", "Specification"]);
    await page.getByRole("tab", { selected: true }).press("ArrowRight");
    await page.getByRole("tab", { name: "Runs and history", selected: true }).waitFor();
  });

  test("a tenant's home and cores, and a project's cores, are set where its people are", async () => {
    await page.goto(`${server.url}/administration`);
    const tenants = page.getByRole("region", { name: "Tenants" });
    await tenants.getByRole("button", { name: "Change" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Cores at once").fill("64");
    await dialog.getByLabel("Home centre").click();
    await page.locator(".ant-select-item-option", { hasText: "local" }).click();
    await dialog.getByRole("button", { name: "Change" }).click();
    await dialog.waitFor({ state: "hidden" });
    await tenants.getByText("64", { exact: true }).waitFor();
    const { tenants: kept } = await ok(server.client().call("tenants", { query: {} }));
    assert.deepEqual(
      kept.map(({ home, mostCores }) => [home, mostCores]),
      [["local", 64]],
    );
    const projects = page.getByRole("region", { name: "Projects" });
    await projects.getByRole("button", { name: "Change" }).first().click();
    await dialog.getByLabel("Cores at once").fill("16");
    await dialog.getByRole("button", { name: "Change" }).click();
    await dialog.waitFor({ state: "hidden" });
    await projects.getByText("16", { exact: true }).waitFor();
  });

  test("granted hours and where work may go: what a change means is said before and after it", async () => {
    await page.goto(`${server.url}/administration`);
    const projects = page.getByRole("region", { name: "Projects" });
    await projects.getByRole("button", { name: "Change" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Core-hours").click();
    await choose(page, "grant from now on …");
    // Nothing can be sent before it says how many.
    assert.equal(await dialog.getByRole("button", { name: "Change" }).isDisabled(), true);
    await dialog.getByLabel("Core-hours granted").fill("500");
    await dialog.getByText("Granted: 500 core-hours, less what its runs hold by then.").waitFor();
    const residency = dialog.getByLabel("Its data only in");
    await residency.fill("nowhere");
    await page.getByText("regions by their codes of ISO 3166-2, as cn-gz,cn-sd").waitFor();
    await residency.fill("370100");
    await choose(page, "Shandong (cn-sd)");
    // Elsewhere, or the list lies over what comes next.
    await dialog.getByText("Where its work may go").click();
    await dialog.getByLabel("Domestic equipment only").check();
    await dialog.getByText("Its data stay in Shandong (cn-sd): no run is placed elsewhere.").waitFor();
    await dialog.getByRole("button", { name: "Change" }).click();
    await dialog.waitFor({ state: "hidden" });
    const done = projects.getByRole("status");
    await done.getByText("Its work gets domestic equipment only.").waitFor();
    await projects.getByText("0 of 500 used or held, 500 left").waitFor();
    const { projects: kept } = await ok(server.client().call("projects", { query: {} }));
    assert.deepEqual(
      kept.map(({ grants, place }) => [grants.map(({ unit, granted }) => [unit, granted]), place]),
      [[[["core-ms", `${500 * 3_600_000}`]], { residency: ["cn-sd"], domestic: true }]],
    );
  });

  test("dates are typed as they are shown, whatever the browser's language; a day that is none is not taken", async () => {
    await page.goto(`${server.url}/usage`);
    const from = page.getByLabel("From", { exact: true });
    assert.equal(await from.getAttribute("placeholder"), "YYYY-MM-DD");
    await from.fill("2026-01-31");
    await from.press("Enter");
    await page.waitForURL((url) => url.searchParams.get("from") === "2026-01-31");
    await page.goto(`${server.url}/jobs`);
    const before = page.getByLabel("Submitted up to (+08:00)");
    await before.fill("2030-02-28 08:30");
    await before.press("Enter");
    const wanted = `${Date.parse("2030-02-28T08:30:00+08:00")}`;
    await page.waitForURL((url) => url.searchParams.get("beforeMs") === wanted);
  });

  test("the signal before the end is a field of the form, and a line of the script", async () => {
    await page.goto(`${server.url}/submit`);
    await page.getByLabel("Signal before the end").fill("B:USR1@120");
    await eventually("the script has it", async () =>
      /^#SBATCH --signal=B:USR1@120$/m.test(await looking(page).editor().inputValue()) ? true : null,
    );
  });

  async function ended(name: string, how: RunEnd): Promise<void> {
    const job = await it.submitted({ command: ["true"], name });
    await it.end(await it.started(job), how);
  }
});

/** The entry of the list that is open. */
async function choose(page: Page, words: string): Promise<void> {
  await page
    .locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option", { hasText: words })
    .click();
}

/** What reaches beyond the right edge: the page itself, or what can be pressed outside of text that scrolls by design. */
function tooWide(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => {
    const most = document.documentElement.clientWidth + 1;
    const pressed = [...document.querySelectorAll<HTMLElement>("main button, main a, main input, main [role=tab]")];
    const beyond = pressed.filter((one) => {
      const { right, width } = one.getBoundingClientRect();
      return (
        width > 0 && right > most && one.closest("aside") === null && getComputedStyle(one).visibility !== "hidden"
      );
    });
    return [
      ...(document.documentElement.scrollWidth > most ? [`the page: ${document.documentElement.scrollWidth}`] : []),
      ...beyond.map((one) => `${one.tagName} ${one.textContent ?? ""}`),
    ];
  });
}
