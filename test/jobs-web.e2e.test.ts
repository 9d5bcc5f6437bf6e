import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
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
    await looking(page).seen("2030-12-31 18:00:00");
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

    await page.goto(`${server.url}/submit`);
    await page.getByLabel("Deadline (+08:00)").waitFor();
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
