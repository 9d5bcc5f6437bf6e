import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { checkNames } from "#core/centre/connection-test.ts";
import { startTestServer, type TestServer } from "#server/http/testing.ts";
import { requires } from "../tools/requirement.ts";
import { administratorsPage, openBrowser } from "./browser.ts";
import { repository } from "./network.ts";

// An administrator tests a centre from the console. No agent is there: the test tells what an agent would.

describe("the connection test, in the console", { skip: requires("chromium", "cjk-font") }, () => {
  let server: TestServer;
  let browser: Browser;
  let page: Page;

  before(async () => {
    server = await startTestServer({ webFolder: join(repository, "dist/web") });
    browser = await openBrowser();
    page = await administratorsPage(browser, server);
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("a button asks for it, checks appear as they come, then the grade and what it cost, in both languages", async () => {
    const tell = await agentOfLocal();
    await page.goto(`${server.url}/centres`);
    await page.getByRole("button", { name: "Connection test" }).click();
    const dialog = page.getByRole("dialog");
    await dialog
      .getByText("It has not been tested. The network's own machine is in service from its first start")
      .waitFor();
    await dialog.getByRole("button", { name: "Run the test" }).click();
    await dialog.getByText("Asked for; its agent begins with its next contact.").waitFor();
    await tell(2, false);
    await dialog.getByText("2 of 20 checks are done.").waitFor();
    await dialog.getByRole("cell", { name: "Submit", exact: true }).waitFor();
    await tell(checkNames.length, true);
    await dialog.getByText("Grade C").waitFor();
    await dialog.getByText("Out of memory failed: C at best").waitFor();
    await dialog.getByText("what was seen of restart").waitFor();
    await dialog.getByText(/Signed with key [0-9a-f]{16}/).waitFor();
    await dialog.getByRole("button", { name: "Run it again" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "中文" }).click();
    await page.getByRole("button", { name: "接入测试" }).click();
    await dialog.getByText("等级 C").waitFor();
    await dialog.getByText("以 3 和 137 退出的脚本").waitFor();
    await dialog.getByText("“内存不足”未通过：最高 C").waitFor();
    await dialog.getByRole("cell", { name: "退出码" }).waitFor();
  });

  async function agentOfLocal(): Promise<(checks: number, ended: boolean) => Promise<void>> {
    const token = await server.client().call("addEnrolment", { params: { centre: "local" }, body: {} });
    assert.ok(token.kind === "answer");
    const agent = { agentVersion: "1", driver: "process" };
    const enrolled = await server.client().call("enrol", { body: { token: token.value.token, ...agent } });
    assert.ok(enrolled.kind === "answer");
    return async (count, ended) => {
      const checks = checkNames.slice(0, count).map((check) => {
        const verdict = check === "out-of-memory" ? ("fail" as const) : ("pass" as const);
        return { check, verdict, asked: `to ${check}`, seen: `what was seen of ${check}`, startedMs: 1, tookMs: 1200 };
      });
      const body = { test: 1, session: 1, agentVersion: "1", nowMs: Date.now(), checks, ended };
      const told = await server.client(enrolled.value.credential).call("postTest", { body });
      assert.equal(told.kind, "answer");
    };
  }
});
