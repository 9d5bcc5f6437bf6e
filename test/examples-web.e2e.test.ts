import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { requires } from "../tools/requirement.ts";
import { holds, looking, newPage, openBrowser, signInLink } from "./browser.ts";
import { type Network, repository, startNetwork, takesWork } from "./network.ts";

// The examples from the console, as their READMEs say: a script opened, its files chosen, a folder and a dependency typed.

describe("the examples in the console", { skip: requires("chromium", "cjk-font") }, () => {
  let network: Network;
  let browser: Browser;
  let page: Page;

  before(async () => {
    network = await startNetwork({});
    await takesWork(network);
    browser = await openBrowser();
    page = await newPage(browser);
    await page.goto(signInLink(network));
    await looking(page).title("The network at a glance");
  });
  after(async () => {
    await browser?.close();
    await network?.remove();
  });

  test("breast cancer: an array, and a dependent job that gathers and draws", {
    skip: requires("python-sklearn"),
  }, async () => {
    const { seen } = looking(page);
    const results = resultsFolder("breast-cancer");
    const fit = await submit("breast-cancer", "fit.sbatch", results, { files: ["fit.py"] });
    await submit("breast-cancer", "gather.sbatch", results, { files: ["fit.py", "gather.py"], after: fit });
    await succeeds("breast-cancer-gather");
    await seen("settings compared: 12");
    await seen(/cases never seen: AUC (0\.9[5-9]|1\.0)/);
    assert.match(readFileSync(join(results, "comparison.svg"), "utf8"), /^<svg .*support vectors/s);
    await page.goto(`${network.url}/jobs/${fit}`);
    await succeeds("breast-cancer-fit");
  });

  test("protein families: an array that searches, and one table", { skip: requires("hmmer") }, async () => {
    const { seen } = looking(page);
    const results = resultsFolder("protein-families");
    const search = await submit("protein-families", "search.sbatch", results, {});
    await submit("protein-families", "table.sbatch", results, { after: search });
    await succeeds("protein-table");
    await seen("globins4: 45 domains in 45 sequences");
  });

  test("air quality: a forecast with its picture", { skip: requires("r") }, async () => {
    const { seen } = looking(page);
    const results = resultsFolder("air-quality");
    await submit("air-quality", "forecast.sbatch", results, { files: ["forecast.R"] });
    await succeeds("ozone-forecast");
    await seen("days forecast: 111");
    assert.ok(existsSync(join(results, "forecast.pdf")));
  });

  /** Fills the page as a person does, presses Submit, and gives the id of the job whose page opens. */
  async function submit(
    example: string,
    script: string,
    results: string,
    { files = [], after }: { readonly files?: readonly string[]; readonly after?: string },
  ): Promise<string> {
    const { seen, editor, field } = looking(page);
    const folder = join(repository, "examples", example);
    await page.goto(`${network.url}/submit`);
    await page.locator('input[data-for="script"]').setInputFiles(join(folder, script));
    await page.waitForFunction(
      ([name, text]) => document.querySelector<HTMLTextAreaElement>(`textarea[aria-label="${name}"]`)?.value === text,
      ["Script", readFileSync(join(folder, script), "utf8")] as const,
    );
    await page.locator('input[data-for="input-files"]').setInputFiles(files.map((file) => join(folder, file)));
    for (const file of files) await page.getByText(file, { exact: true }).waitFor();
    await field("Working folder").fill(results);
    if (after !== undefined) await field("Waits for").fill(`afterok:${after}`);
    await holds(editor(), new RegExp(`^#SBATCH --chdir=${results}$`, "m"));
    if (after !== undefined) await holds(editor(), new RegExp(`^#SBATCH --dependency=afterok:${after}$`, "m"));
    await seen(/Every option is known/);
    await page.getByRole("button", { name: "Submit", exact: true }).click();
    await page.waitForURL(/\/jobs\/\d+$/);
    return /\d+$/.exec(page.url())?.[0] ?? "";
  }

  async function succeeds(name: string): Promise<void> {
    const { title, state } = looking(page);
    await title(name);
    await state("succeeded");
  }

  function resultsFolder(name: string): string {
    const folder = join(network.home, `results-${name}`);
    mkdirSync(folder);
    chmodSync(folder, 0o1777);
    return folder;
  }
});
