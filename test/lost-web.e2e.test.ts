import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { centreId } from "#core/ids.ts";
import type { TestServer } from "#server/http/testing.ts";
import { requires } from "../tools/requirement.ts";
import { looking } from "./browser.ts";
import { type Console, openConsole } from "./console.ts";

// What an administrator does when a centre does not come back. No agent is there: the test says what the centre does.

describe("declaring lost, in the console", { skip: requires("chromium", "cjk-font") }, () => {
  let it: Console;
  let server: TestServer;
  let page: Page;
  const work = { command: ["sleep", "600"], name: "tides" };

  before(async () => {
    it = await openConsole();
    ({ server, page } = it);
  });
  after(() => it?.close());

  test("the button is there while the centre is not, asks for a reason, and the history names who", async () => {
    const { seen, state } = looking(page);
    const job = await it.submitted(work);
    await it.started(job);
    await page.goto(`${server.url}/jobs/${job}`);
    await state("running");
    const button = page.getByRole("button", { name: "Declare lost" });
    assert.equal(await button.count(), 0);
    await server.transitions.contact(centreId("local"), { kind: "unreachable", sinceMs: Date.now() });
    await button.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Declare lost" }).click();
    await dialog.getByText("Say why").waitFor();
    await dialog.getByLabel("Reason").fill("the machine room burnt down");
    await dialog.getByRole("button", { name: "Declare lost" }).click();
    await state("lost");
    await seen("An administrator declared it lost");
    await button.waitFor({ state: "detached" });
    await page.getByRole("tab", { name: "Runs and history" }).click();
    await page.getByRole("table", { name: "History" }).getByText("admin: the machine room burnt down").waitFor();
    await page.getByRole("button", { name: "中文" }).click();
    await seen("运维人员在其中心无从得知其情况时声明其丢失。");
  });

  test("a cancel that has not come through says what it waits for, until it has", async () => {
    const { seen, state } = looking(page);
    await page.getByRole("button", { name: "EN", exact: true }).click();
    const job = await it.submitted(work);
    const run = await it.started(job);
    await page.goto(`${server.url}/jobs/${job}`);
    await state("running");
    const cancelled = await server.client().call("cancel", { params: { job }, body: {} });
    assert.equal(cancelled.kind, "answer");
    await seen("was asked to end · since");
    const remark = { kind: "remark", run, atMs: Date.now(), words: "it waits" } as const;
    await it.tell({ ...remark, cancelWaits: "credential" });
    await seen(
      "was asked to end: it waits until its user has lent the centre a credential again (weir-delegate) · since",
    );
    await page.getByRole("button", { name: "中文" }).click();
    await seen("已请求结束：须待该用户重新向中心委托凭据（weir-delegate）");
    await it.end(run, { kind: "cancelled", by: "user", reason: null });
    await page.getByText("已请求结束").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "EN", exact: true }).click();
  });

  test("the button is there too where the centre lets nobody act as the run's user, once it was asked to end", async () => {
    const { seen, state } = looking(page);
    const job = await it.submitted(work);
    const run = await it.started(job);
    await page.goto(`${server.url}/jobs/${job}`);
    await state("running");
    const button = page.getByRole("button", { name: "Declare lost" });
    const cancelled = await server.client().call("cancel", { params: { job }, body: {} });
    assert.equal(cancelled.kind, "answer");
    await seen("was asked to end · since");
    assert.equal(await button.count(), 0);
    await it.tell({ kind: "remark", run, atMs: Date.now(), words: "it waits", cancelWaits: "let-in" });
    await seen("or an administrator declares it lost");
    await button.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("their account is gone");
    await dialog.getByRole("button", { name: "Declare lost" }).click();
    await state("lost");
    await button.waitFor({ state: "detached" });
  });

  test("what a centre refused says so in its words, and waits for another one", async () => {
    const { state } = looking(page);
    const job = await it.submitted(work);
    const run = await it.placed(job);
    const reason = "cards are for those who have passed the course";
    await it.end(run, { kind: "refused", reason }, { startedMs: null, wallMs: 0 }, reason);
    await page.goto(`${server.url}/jobs/${job}`);
    await state("queued");
    await page.getByRole("tab", { name: "Runs and history" }).click();
    await page.getByRole("table", { name: "History" }).getByText(`refused: ${reason}`).first().waitFor();
    await page.getByText("refused by the centre", { exact: false }).first().waitFor();
    await page.getByRole("button", { name: "中文" }).click();
    await page.getByText(`中心拒绝：${reason}`).first().waitFor();
    await page.getByText("被中心拒绝").first().waitFor();
  });
});
