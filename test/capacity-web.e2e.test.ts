import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Locator } from "playwright-core";
import { requires } from "../tools/requirement.ts";
import { type Console, openConsole } from "./console.ts";
import { repository } from "./network.ts";

// What is stated of a centre's capacity, by an administrator on the page that shows it and by the command line.

describe("capacity, in the console and on the command line", { skip: requires("chromium", "cjk-font") }, () => {
  let console: Console;
  let centre: Locator;
  before(async () => {
    console = await openConsole({ viewport: { width: 390, height: 844 } });
    await console.page.goto(`${console.server.url}/centres`);
    centre = console.page.locator("section").filter({ hasText: "local" }).first();
  });
  after(() => console?.close());

  async function choose(field: string, option: string) {
    const { page } = console;
    await page.getByRole("dialog").getByLabel(field, { exact: true }).click();
    await page.locator(".ant-select-dropdown:visible").getByTitle(option, { exact: true }).click();
  }

  /** No sideways scrolling of the page, on a phone. */
  async function fits() {
    const width = await console.page.evaluate("document.documentElement.scrollWidth");
    assert.ok(Number(width) <= 390, `${width}`);
  }

  test("stated in a form, at 390 px; a refusal stands at its field; it is summed and listed", async () => {
    const { page } = console;
    await centre.getByText("Nothing is stated yet.").waitFor();
    await centre.getByRole("button", { name: "Line by line" }).click();
    await centre.getByRole("button", { name: "State capacity" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Capacity", { exact: true }).fill("300");
    await choose("Nominal or measured", "measured");
    await dialog.getByLabel("Site").fill("east");
    await dialog.getByLabel("Region code").fill("370100");
    await dialog.getByLabel("Phase").fill("2");
    await dialog.getByLabel("In service from").fill("2027-06");
    await fits();
    await dialog.getByRole("button", { name: "Put in force" }).click();
    await dialog.getByText(/a measured figure needs its evidence: say which benchmark/).waitFor();
    await dialog.getByText(/what is planned or being built cannot have been measured: state it as nominal/).waitFor();
    await choose("Nominal or measured", "nominal");
    await dialog.getByRole("button", { name: "Put in force" }).click();
    await dialog.waitFor({ state: "hidden" });
    await centre.getByText("300 PFLOPS FP16 dense, nominal").first().waitFor();
    const row = centre.getByRole("table", { name: "Capacity" }).getByRole("row").nth(1);
    assert.match(await row.innerText(), /site east, phase 2.*300 PFLOPS.*planned.*2027-06.*370100/s);
    await fits();
  });

  test("changed on what was looked at; what another set meanwhile is not overwritten unseen", async () => {
    const { page, server } = console;
    const dialog = page.getByRole("dialog");
    await centre.getByRole("button", { name: "Change" }).click();
    await choose("Stage", "building");
    const params = { centre: "local" };
    const reply = await server.client().call("capacity", { params });
    assert(reply.kind === "answer");
    const [line] = reply.value.lines;
    assert(line);
    const others = { lines: [{ ...line, evidence: "approval 2026-41" }] };
    assert((await server.client().call("setCapacity", { params, body: others })).kind === "answer");
    await dialog.getByRole("button", { name: "Put in force" }).click();
    await dialog.getByText(/admin set version \d+ of the capacity stated of local/).waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "hidden" });
    await centre.getByText("approval 2026-41").waitFor();
    await centre.getByRole("button", { name: "Change" }).click();
    await choose("Stage", "building");
    await dialog.getByRole("button", { name: "Put in force" }).click();
    await dialog.waitFor({ state: "hidden" });
    await centre.getByRole("table").getByText("building", { exact: true }).waitFor();
  });

  test("in Chinese", async () => {
    const { page } = console;
    await page.getByRole("button", { name: "中文" }).click();
    await centre.getByText("300 PFLOPS FP16 稠密，标称").first().waitFor();
    await centre.getByText("站点 east，期 2").waitFor();
    await centre.getByRole("button", { name: "更改" }).click();
    await page.getByRole("dialog").getByText("资源池有部分在用后才接收作业；退役即终止此行。").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "取消" }).click();
  });

  test("weir centre capacity lists, states, changes, ends and takes out", async () => {
    const { server } = console;
    const weir = (...words: string[]) =>
      new Promise<string>((resolve) => {
        const env = { PATH: process.env.PATH, HOME: "/", WEIR_SERVER: server.url, WEIR_TOKEN: server.token };
        const all = [join(repository, "cli/main.ts"), "centre", "capacity", "local", ...words];
        execFile(process.execPath, all, { env }, (error, out, err) => resolve(`${error?.code ?? 0} ${out}${err}`));
      });
    assert.match(await weir(), /1 +site east, phase 2 +300 PFLOPS FP16 dense, nominal +building +2027-06 +370100/);
    assert.match(await weir("--lang=zh"), /站点 east，期 2 .*300 PFLOPS FP16 稠密，标称 +在建/);
    const figure = ["--state", "256 TFLOPS FP16 dense"];
    const cards = ["--pool", "default", "--device", "huawei/ascend-910", "--count", "4096"];
    const added = await weir(...figure, ...cards, "--site", "east", "--stage", "in-service");
    assert.match(
      added,
      /4096 × huawei ascend-910 of 256 TFLOPS each +1\.049 EFLOPS FP16 dense, nominal +in service +370100/,
    );
    assert.match(added, /In all, in service +1\.049 EFLOPS FP16 dense, nominal/);
    assert.match(await weir("--line", "2", "--count", "64"), /64 × .*16\.384 PFLOPS/);
    assert.match(await weir("--line", "2", "--count", "64"), /nothing changed/);
    assert.match(
      await weir("--line", "1", "--stage", "planned"),
      /^3 [\s\S]*goes from building to on trial or retired, not to planned/,
    );
    assert.match(await weir("--state", "100 P", "--stage", "planned"), /^2 .*has no precision/);
    assert.match(
      await weir("--state", "100 P FP64"),
      /^2 weir: To state something new, say the figure and how far it is/,
    );
    assert.match(await weir("--line", "9", "--stage", "retired"), /^2 weir: There is no line 9\. There is: 1, 2/);
    assert.match(await weir("--line", "1", "--stage", "retired"), /300 PFLOPS FP16 dense, nominal +retired/);
    assert.doesNotMatch(await weir("--take-out", "1"), /300 PFLOPS/);
    const { lines } = JSON.parse((await weir("--json")).slice(2));
    assert.deepEqual([lines.length, lines[0].line, lines[0].valueGigaflops], [1, 2, "256000"]);
  });
});
