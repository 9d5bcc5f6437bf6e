import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { renderReport } from "#simulator/report/report.ts";
import { madeInput } from "#simulator/report/testing.ts";
import { requires } from "../tools/requirement.ts";
import { newPage, openBrowser } from "./browser.ts";

// Goal: the report of weir simulate can be looked at wherever it is opened: nothing is fetched, nothing sticks out.

describe("the report in a browser", { skip: requires("chromium", "cjk-font") }, () => {
  let browser: Browser;
  let folder: string;
  before(async () => {
    browser = await openBrowser();
    folder = mkdtempSync(join(tmpdir(), "weir-report-"));
  });
  after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  for (const language of ["en", "zh"] as const)
    test(`in ${language}: wide and narrow, light and dark, and on paper`, async () => {
      const path = join(folder, `${language}.html`);
      writeFileSync(path, renderReport(madeInput(language, 2)));
      for (const width of [390, 1280])
        for (const colorScheme of ["light", "dark"] as const) {
          const page = await newPage(browser, { viewport: { width, height: 900 }, colorScheme });
          const asked: string[] = [];
          page.on("request", (request) => asked.push(request.url()));
          page.on("pageerror", (error) => assert.fail(error));
          await page.goto(pathToFileURL(path).href);
          assert.equal(asked.length, 1, `only the file itself: ${asked.join(" ")}`);
          const { sideways, shown, cut } = await page.evaluate(() => {
            const pictures = [...document.querySelectorAll("svg")].filter(
              (one) => one.getBoundingClientRect().width > 0,
            );
            const outside = pictures.flatMap((one) => {
              const frame = one.getBoundingClientRect();
              return [...one.querySelectorAll("text")].filter((words) => {
                const { left, right } = words.getBoundingClientRect();
                return left < frame.left - 8 || right > frame.right + 8;
              });
            });
            const room = document.documentElement;
            return {
              sideways: room.scrollWidth - room.clientWidth,
              shown: pictures.length,
              cut: outside.map((words) => words.textContent),
            };
          });
          assert.equal(sideways, 0, `at ${width} px the page does not scroll sideways`);
          assert.equal(shown, 8, "each chart once");
          assert.deepEqual(cut, [], "words stay inside their chart");
          const { ground, ink } = await page.evaluate(() => {
            const { backgroundColor, color } = getComputedStyle(document.body);
            return { ground: backgroundColor, ink: color };
          });
          const light = (colour: string): number => Number(/\d+/.exec(colour)?.[0]);
          assert.equal(light(ground) > light(ink), colorScheme === "light", `${colorScheme}: ${ink} on ${ground}`);
          await page.emulateMedia({ media: "print" });
          assert.equal(
            await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
            "rgb(255, 255, 255)",
          );
          await page.context().close();
        }
    });
});
