import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { signInAs } from "#server/http/testing.ts";
import { requires } from "../tools/requirement.ts";
import { looking } from "./browser.ts";
import { type Console, openConsole } from "./console.ts";

// What only a screen reader or a pointer that rests is told is Chinese on Chinese pages, also what antd says by itself.

describe("labels of Chinese pages, in the console", { skip: requires("chromium", "cjk-font") }, () => {
  let it: Console;
  let job = 0;
  before(async () => {
    it = await openConsole();
    await signInAs(it.server, "ed", ["default"]);
    job = await it.submitted({ command: ["true"], name: "one", array: "1-3" });
    await it.started(job, 1);
    await it.page.getByRole("button", { name: "中文" }).click();
    await looking(it.page).title("算力网概览");
  });
  after(() => it?.close());

  /** Labels with no Chinese in them that are no name and no measure. */
  const english = () =>
    it.page.evaluate(() => {
      const attributes = ["aria-label", "aria-description", "aria-valuetext", "title", "placeholder", "alt"];
      const known =
        /^(default( · Default)?|ed|one|admin|local|std(out|err)|NAME@sha256:…|weir|sjf(-easy)?|saf-easy|fcfs|easy(-sjbf)?|conservative|[\d. /]+ (MiB|GiB)( \/ [\d.]+ [MG]iB)?)$/;
      return [...document.querySelectorAll("*")].flatMap((one) =>
        attributes.flatMap((name) => {
          const words = one.getAttribute(name) ?? "";
          const isEnglish = /[A-Za-z]{2}/.test(words) && !/[\u4e00-\u9fff]/.test(words) && !known.test(words);
          return isEnglish ? [`${name} ${words}`] : [];
        }),
      );
    });

  const paths = () => [
    ...["/", "/submit", "/jobs", "/usage", "/centres", "/policy", "/tokens", "/password"],
    ...["/administration", "/administration/people/ed", "/acts?about=person:ed", `/jobs/${job}`],
  ];

  test("no page has an English label", async () => {
    for (const path of paths()) {
      await it.page.goto(`${it.server.url}${path}`);
      await it.page.getByRole("heading", { level: 1 }).first().waitFor();
      await it.page
        .locator("main")
        .getByText(/[\u4e00-\u9fff]/)
        .nth(3)
        .waitFor();
      assert.deepEqual(await english(), [], path);
    }
  });

  test("nor has what opens: lists, calendars and dialogs", async () => {
    const { page, server } = it;
    const opened: readonly (readonly [path: string, open: string, shown: string])[] = [
      ["/jobs", ".ant-select", ".ant-select-dropdown"],
      ["/jobs", ".ant-picker", ".ant-picker-dropdown"],
      ["/acts", ".ant-select", ".ant-select-dropdown"],
      ["/tokens", "button.ant-btn-primary", ".ant-modal"],
      ["/centres", "button.ant-btn:has-text('条款')", ".ant-modal input"],
      ["/administration", "button.ant-btn:has-text('添加人员')", ".ant-modal"],
      ["/administration/people/ed", "button.ant-btn:has-text('名称与角色')", ".ant-modal"],
    ];
    for (const [path, open, shown] of opened) {
      await page.goto(`${server.url}${path}`);
      await page.locator("main").locator(open).first().click();
      await page.locator(shown).first().waitFor();
      assert.deepEqual(await english(), [], `${path} ${open}`);
    }
  });

  test("what is pressed by its icon alone says what it does, in the language of the page, also when that is changed", async () => {
    const { page, server } = it;
    await page.goto(`${server.url}/password`);
    await page.getByLabel("显示密码").first().click();
    await page.getByLabel("隐藏密码").first().waitFor();
    await page.getByRole("button", { name: "EN", exact: true }).click();
    await page.getByLabel("Hide the password").first().waitFor();
    await page.getByRole("button", { name: "中文" }).click();
  });
});
