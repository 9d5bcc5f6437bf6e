import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ok, signInAs } from "#server/http/testing.ts";
import { requires } from "../tools/requirement.ts";
import { looking, newPage } from "./browser.ts";
import { type Console, openConsole } from "./console.ts";

// What administrators did, in the console: listed, narrowed, paged, with the way to whom or what; in both languages.

describe("what was done, in the console", { skip: requires("chromium", "cjk-font") }, () => {
  let it: Console;
  before(async () => {
    it = await openConsole();
    const admin = it.server.client();
    await ok(admin.call("addTenant", { body: { name: "park" } }));
    for (let at = 0; at < 60; at++)
      await ok(admin.call("setTenantCores", { params: { tenant: "park" }, body: { mostCores: 100 + at } }));
    const ed = it.server.client(await signInAs(it.server, "ed", ["default"]));
    await ok(admin.call("setPerson", { params: { person: "ed" }, body: { administrator: true } }));
    await ok(ed.call("setIntake", { params: { centre: "local" }, body: { step: "drain" } }));
    await ok(ed.call("setAgreements", { body: { otherwise: "refused", agreements: [] } }));
  });
  after(() => it?.close());

  const lines = async () => {
    const rows = await it.page.getByRole("table").locator("tbody tr").all();
    return Promise.all(rows.map(async (row) => (await row.locator("td").allTextContents()).slice(1).join(" | ")));
  };

  test("each act has its time, who did it, to whom or what, and what; older ones are read on", async () => {
    const { page, server } = it;
    await page.goto(`${server.url}/`);
    await page.getByRole("navigation").getByRole("link", { name: "What was done" }).click();
    await looking(page).title("What was done");
    await page.getByText("agreements between regions set").waitFor();
    assert.deepEqual((await lines()).slice(0, 6), [
      "ed | the whole network | agreements between regions set, version 1",
      "ed | centre local | draining: takes nothing new",
      "admin | person ed | made administrator",
      "admin | person ed | a sign-in link was made",
      "admin | person ed | made a member of project default",
      "admin | person ed | added",
    ]);
    assert.match((await page.locator("tbody tr td").first().textContent()) ?? "", /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d$/);
    assert.equal((await lines()).length, 50);
    await page.getByRole("button", { name: "Load more" }).click();
    await page.getByText("may hold at most 100 cores at once").waitFor();
    assert.equal(await page.getByRole("button", { name: "Load more" }).count(), 0);
    assert.ok((await lines()).includes("admin | tenant park | added"));
  });

  test("it is narrowed by kind and by who, in the address; each leads to whom or what it was done to", async () => {
    const { page, server } = it;
    await page.goto(`${server.url}/acts`);
    await page.getByLabel("By anybody").click();
    await page.locator(".ant-select-item-option", { hasText: "ed" }).click();
    await page.getByText("made administrator").waitFor({ state: "detached" });
    assert.equal((await lines()).length, 2);
    await page.getByLabel("Anything").click();
    await page.locator(".ant-select-item-option", { hasText: "Policy and agreements" }).click();
    await page.getByText("draining").waitFor({ state: "detached" });
    assert.deepEqual(await lines(), ["ed | the whole network | agreements between regions set, version 1"]);
    assert.match(page.url(), /\/acts\?group=rules&person=ed$/);
    await page.reload();
    await page.getByRole("main").getByRole("link", { name: "the whole network" }).click();
    await looking(page).title("Scheduling policy");
    await page.goto(`${server.url}/acts?about=person:ed`);
    await page.getByText("About person ed").waitFor();
    await page.getByText("made administrator").waitFor();
    assert.equal((await lines()).length, 4);
    await page.getByRole("row", { name: "made administrator" }).getByRole("link", { name: "ed", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "ed" }).waitFor();
    await page.goto(`${server.url}/acts?person=nobody`);
    await page.getByText("Nothing fits these filters").waitFor();
  });

  test("in Chinese it is Chinese; who is no administrator neither sees it nor is led to it", async () => {
    const zh = await newPage(it.browser, { locale: "zh-CN" });
    const { signInUrl } = await ok(it.server.client().call("addSignInLink", { params: { person: "ed" }, body: {} }));
    await zh.goto(signInUrl);
    await zh.getByRole("link", { name: "操作记录" }).click();
    await zh.getByRole("row", { name: /ed 中心 local 排空：不再接收新作业/ }).waitFor();
    await zh.context().close();
    const { signInUrl: link } = await ok(it.server.client().call("addPerson", { body: { name: "flo", projects: [] } }));
    const page = await newPage(it.browser);
    await page.goto(link);
    await looking(page).title("The network at a glance");
    assert.equal(await page.getByRole("link", { name: "What was done" }).count(), 0);
    for (const path of ["acts", "administration/people/ed"]) {
      await page.goto(`${it.server.url}/${path}`);
      await page.getByText("This page is for administrators").waitFor();
    }
    await page.context().close();
  });
});
