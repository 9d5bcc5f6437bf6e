import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { centreId, jobId, runId } from "#core/ids.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
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

  async function runningJob(): Promise<number> {
    const reply = await server.client().call("submit", { body: { command: ["sleep", "600"], name: "tides" } });
    assert.ok(reply.kind === "answer");
    const ref = { job: jobId(reply.value.id), index: 0, attempt: 1 };
    const bound = { pool: "default", allocation: sampleAllocation, starts: "now", leaseMs: null } as const;
    const placement = { ...ref, centre: local, ...bound, candidates: [] };
    await server.transitions.place([placement], Date.now(), await server.transitions.takeEpoch());
    const started = { kind: "started", run: runId(ref), atMs: Date.now(), evidence: "pid 7" } as const;
    await server.transitions.observe(local, 0, [started]);
    return reply.value.id;
  }
});
