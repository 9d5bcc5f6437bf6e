import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { centreId, jobId, runId } from "#core/ids.ts";
import { sampleAllocation, sampleUsage } from "#core/sample-testing.ts";
import { startTestServer, type TestServer } from "#server/http/testing.ts";
import { requires } from "../tools/requirement.ts";
import { administratorsPage, looking, openBrowser } from "./browser.ts";
import { repository } from "./network.ts";

// What an administrator does when a centre does not come back. No agent is there: the test says what the centre does.

describe("declaring lost, in the console", { skip: requires("chromium", "cjk-font") }, () => {
  let server: TestServer;
  let browser: Browser;
  let page: Page;
  const local = centreId("local");

  before(async () => {
    server = await startTestServer({ webFolder: join(repository, "dist/web") });
    browser = await openBrowser();
    page = await administratorsPage(browser, server);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("the button is there while the centre is not, asks for a reason, and the history names who", async () => {
    const { seen, state } = looking(page);
    const job = await runningJob();
    await page.goto(`${server.url}/jobs/${job}`);
    await state("running");
    const button = page.getByRole("button", { name: "Declare lost" });
    assert.equal(await button.count(), 0);
    await server.transitions.contact(local, { kind: "unreachable", sinceMs: Date.now() });
    await button.click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Declare lost" }).click();
    await dialog.getByText("Say why").waitFor();
    await dialog.getByLabel("Reason").fill("the machine room burnt down");
    await dialog.getByRole("button", { name: "Declare lost" }).click();
    await state("lost");
    await seen("An operator declared it lost");
    await button.waitFor({ state: "detached" });
    await page.getByRole("tab", { name: "Runs and history" }).click();
    await page.getByRole("table", { name: "History" }).getByText("admin: the machine room burnt down").waitFor();
    await page.getByRole("button", { name: "中文" }).click();
    await seen("运维人员在其中心不可达时声明其丢失。");
  });

  test("a cancel that has not come through says what it waits for, until it has", async () => {
    const { seen, state } = looking(page);
    await page.getByRole("button", { name: "EN", exact: true }).click();
    const job = await runningJob();
    await page.goto(`${server.url}/jobs/${job}`);
    await state("running");
    const cancelled = await server.client().call("cancel", { params: { job }, body: {} });
    assert.equal(cancelled.kind, "answer");
    await seen("was asked to end · since");
    const run = runId({ job: jobId(job), index: 0, attempt: 1 });
    const remark = { kind: "remark", run, atMs: Date.now(), words: "it waits" } as const;
    await server.transitions.observe(local, 0, [{ ...remark, cancelWaits: "credential" }]);
    await seen(
      "was asked to end: it waits until its user has lent the centre a credential again (weir-delegate) · since",
    );
    await page.getByRole("button", { name: "中文" }).click();
    await seen("已请求结束：须待该用户重新向中心委托凭据（weir-delegate）");
    const end = { kind: "cancelled", by: "user", reason: null } as const;
    await server.transitions.observe(local, 0, [
      { kind: "ended", run, atMs: Date.now(), end, usage: sampleUsage, words: null },
    ]);
    await page.getByText("已请求结束").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "EN", exact: true }).click();
  });

  test("what a centre refused says so in its words, and waits for another one", async () => {
    const { state } = looking(page);
    const job = await placedJob();
    const run = runId({ job: jobId(job), index: 0, attempt: 1 });
    const reason = "cards are for those who have passed the course";
    const usage = { ...sampleUsage, startedMs: null, wallMs: 0 };
    await server.transitions.observe(local, 0, [
      { kind: "ended", run, atMs: Date.now(), end: { kind: "refused", reason }, usage, words: reason },
    ]);
    await page.goto(`${server.url}/jobs/${job}`);
    await state("queued");
    await page.getByRole("tab", { name: "Runs and history" }).click();
    await page.getByRole("table", { name: "History" }).getByText(`refused: ${reason}`).first().waitFor();
    await page.getByText("refused by the centre", { exact: false }).first().waitFor();
    await page.getByRole("button", { name: "中文" }).click();
    await page.getByText(`中心拒绝：${reason}`).first().waitFor();
    await page.getByText("被中心拒绝").first().waitFor();
  });

  async function runningJob(): Promise<number> {
    const job = await placedJob();
    const run = runId({ job: jobId(job), index: 0, attempt: 1 });
    await server.transitions.observe(local, 0, [{ kind: "started", run, atMs: Date.now(), evidence: "pid 7" }]);
    return job;
  }

  async function placedJob(): Promise<number> {
    const reply = await server.client().call("submit", { body: { command: ["sleep", "600"], name: "tides" } });
    assert.ok(reply.kind === "answer");
    const ref = { job: jobId(reply.value.id), index: 0, attempt: 1 };
    const bound = { pool: "default", allocation: sampleAllocation, starts: "now", leaseMs: null } as const;
    const placement = { ...ref, centre: local, ...bound, candidates: [] };
    await server.transitions.place([placement], Date.now(), await server.transitions.takeEpoch());
    return reply.value.id;
  }
});
