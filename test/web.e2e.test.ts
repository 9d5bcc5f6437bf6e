import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { requires } from "../tools/requirement.ts";
import { holds, looking, newPage, openBrowser, signInLink } from "./browser.ts";
import { type Network, startNetwork, takesWork } from "./network.ts";

// The console in a real browser against a whole network of one centre with two cores, as a person uses it.

const missing = requires("chromium", "cjk-font");

describe("the console", { skip: missing }, () => {
  let network: Network;
  let browser: Browser;
  let page: Page;
  /** What the browser complained of: a page that breaks its own content policy, or a script that fails. */
  const complaints: string[] = [];

  before(async () => {
    network = await startNetwork({ env: { WEIR_LOCAL_CORES: "2" } });
    await takesWork(network);
    browser = await openBrowser();
    page = await newPage(browser);
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      // A refusal is no complaint, nor that an agent on a busy machine was too slow to hand a log out.
      if (message.type() === "error" && !/status of (4\d\d|503)/.test(message.text())) complaints.push(message.text());
    });
  });

  after(async () => {
    await browser?.close();
    await network?.remove();
  });

  const seen = (text: string | RegExp) => looking(page).seen(text);
  const title = (text: string) => looking(page).title(text);
  const state = (word: string) => looking(page).state(word);
  const editor = () => looking(page).editor();
  const field = (name: string) => looking(page).field(name);

  test("signs in by the one-time link, which works once and leaves the address bar", async () => {
    const link = signInLink(network);
    await page.goto(`${network.url}/jobs`);
    await title("Sign in");
    await page.goto(link);
    await title("The network at a glance");
    await page.waitForURL(`${network.url}/`);
    await seen("1 of 1 centre connected");
    await seen("No job yet");

    const stranger = await newPage(browser);
    await stranger.goto(link);
    await stranger.getByRole("alert").getByText("Sign-in refused").waitFor();
    await stranger.getByRole("note").getByText("weir open").waitFor();
    await stranger.waitForURL((url) => url.hash === "");
    // Where the page is open already, a link changes the hash alone.
    await stranger.reload();
    await stranger.getByRole("alert").waitFor({ state: "detached" });
    await stranger.goto(link);
    await stranger.getByRole("alert").getByText("Sign-in refused").waitFor();
    await stranger.context().close();
    const reader = await newPage(browser, { locale: "zh-CN" });
    await reader.goto(link);
    await reader.getByRole("alert").getByText("登录被拒绝").waitFor();
    await reader.getByRole("alert").getByText("用户名或密码有误").waitFor();
    assert.doesNotMatch(await reader.getByRole("alert").innerText(), /weir login/);
    await reader.waitForURL((url) => url.hash === "");
    await reader.waitForLoadState("networkidle");
    assert.equal(await reader.getByRole("alert").count(), 1, "what comes later leaves it there");
    await reader.context().close();
  });

  test("the form writes into the script, the script into the form, and the job runs to its end", async () => {
    await page.goto(`${network.url}/submit`);
    await field("Name").fill("from the form");
    await field("Cores per task").fill("2");
    await field("Time limit").fill("00:05:00");
    await holds(editor(), /^#SBATCH --job-name="from the form"$/m);
    await holds(editor(), /^#SBATCH --cpus-per-task=2$/m);
    const written = await holds(editor(), /^#SBATCH --time=00:05:00$/m);
    await editor().fill(
      written
        .replace("--cpus-per-task=2", "-c 1")
        .replace(/^echo.*$/m, 'printf "\\033[32mgreen 堰\\033[0m\\n"; cat "$WEIR_WORK/data.txt"; echo bad >&2'),
    );
    await holds(field("Cores per task"), /^1$/);
    await page.locator('input[data-for="input-files"]').setInputFiles({
      name: "data.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("it travelled along\n"),
    });
    await seen("data.txt");

    await page.getByRole("button", { name: "Dry run" }).click();
    await seen("It would start now at local.");
    await seen("CNY 0.00 · free of charge (tariff “free”)");

    await page.getByRole("button", { name: "Submit", exact: true }).click();
    await title("from the form");
    await state("succeeded");
    await seen("green 堰");
    await seen("it travelled along");
    await page.getByText(/^stderr · 4 B$/).click();
    await seen("bad");
    await seen(/CNY 0\.00/);
    await page.getByRole("tab", { name: "Runs and history" }).click();
    await page.getByRole("table", { name: "Runs" }).getByText("1.0.1").waitFor();
    // Its head, and at least submitted, placed, started and ended.
    await page.getByRole("table", { name: "History" }).getByRole("row").nth(4).waitFor();
    await page.getByRole("tab", { name: "Specification" }).click();
    await seen('#SBATCH --job-name="from the form"');
  });

  test("a first look at a job that is answered only when the job is over shows the end", async () => {
    const submitted = await network.weir(["submit", "--json", "--", "sleep", "600"]);
    const { id }: { readonly id: number } = JSON.parse(submitted.stdout);
    await page.route(
      `**/api/v1/jobs/${id}`,
      async (route) => {
        const early = await route.fetch();
        assert.equal((await network.weir(["cancel", String(id)])).status, 0);
        assert.equal((await network.weir(["submit", "--wait", "-d", `afterany:${id}`, "--", "true"])).status, 0);
        await route.fulfill({ response: early });
      },
      { times: 1 },
    );
    await page.goto(`${network.url}/jobs/${id}`);
    await state("cancelled");
  });

  test("an unknown option is named at its line, and only there", async () => {
    await page.goto(`${network.url}/submit`);
    await editor().fill("#!/bin/bash\n#SBATCH --job-name=x\n#SBATCH --nodez=2 --mail-user=me@example.cn\necho hi\n");
    await seen(/--nodez.* is not an option Weir knows\. Did you mean --nodes\?/);
    await page.getByRole("button", { name: "line 3" }).first().waitFor();
    await seen(/--mail-user \(line 3\) is left out/);
    // What is found here stands at its line, and is not asked of the server to be said once more.
    await page.getByRole("button", { name: "Submit", exact: true, disabled: true }).waitFor();
    await page.getByRole("button", { name: "Dry run", disabled: true }).waitFor();
  });

  test("what centres offer is there to choose; a word that none knows can be typed, and is refused by name", async () => {
    await page.goto(`${network.url}/submit`);
    await page.getByRole("button", { name: "Start afresh" }).click();
    await field("File systems").fill("ho");
    await page.locator(".ant-select-item-option", { hasText: "home · local" }).click();
    await page.keyboard.press("Escape");
    await field("Partition").fill("fast");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Escape");
    await holds(editor(), /^#SBATCH --partition=fast$/m);
    await page.getByRole("button", { name: "Dry run" }).click();
    await seen(/partition "fast" is offered by no centre in service/);
    await editor().fill((await editor().inputValue()).replace("#SBATCH --partition=fast\n", ""));
    await page.getByRole("button", { name: "Dry run" }).click();
    await seen("It would start now at local.");
  });

  test("a job is followed live, explained while it waits, and cancelled", async () => {
    await page.goto(`${network.url}/submit`);
    await editor().fill(
      "#!/bin/bash\n#SBATCH -J long -c 1 -t 60\nfor i in $(seq 3000); do echo tick $i; sleep 1; done\n",
    );
    await page.getByRole("button", { name: "Submit", exact: true }).click();
    await title("long");
    await state("running");
    await seen("tick 5");
    const holder = page.url();

    const behind = await network.weir(["--json", "submit", "-c", "2", "--", "true"]);
    assert.equal(behind.status, 0, behind.stderr);
    await page.goto(`${network.url}/jobs/${JSON.parse(behind.stdout).id}`);
    await state("queued");
    await page.getByRole("tab", { name: "Why it waits" }).waitFor();
    await page.getByRole("table", { name: "Centre" }).getByText("local").waitFor();
    await page.getByRole("table", { name: "Centre" }).getByText("later").waitFor();
    await page.getByText("What would start it now?").click();
    await seen("cores per task 2 → 1");
    await seen("--cpus-per-task=1");

    await page.goto(holder);
    await page.getByRole("button", { name: "Cancel job" }).click();
    await page.getByRole("button", { name: "Yes, cancel" }).click();
    await state("cancelled");
    await seen("Cancelled by its user.");
    await page.getByRole("button", { name: "Cancel job" }).waitFor({ state: "detached" });
  });

  test("how a job failed is said in words, and each task of an array can be looked at", async () => {
    await page.goto(`${network.url}/submit`);
    await editor().fill(
      "#!/bin/bash\n#SBATCH -J parts -a 1-3\necho part $SLURM_ARRAY_TASK_ID\n[ $SLURM_ARRAY_TASK_ID != 2 ] || no-such-command\n",
    );
    await page.getByRole("button", { name: "Submit", exact: true }).click();
    await title("parts");
    await state("failed");
    await page.getByRole("button", { name: "Task 2: Failed" }).click();
    await seen("It ended with exit code 127.");
    await seen(/no-such-command: command not found/);
    await page.getByText(/^stdout · 7 B$/).click();
    await seen("part 2");
    await page.getByRole("button", { name: "Task 3: Succeeded" }).click();
    await seen("part 3");
  });

  test("the list of jobs filters by what the address says and is led by the keys", async () => {
    await page.goto(`${network.url}/jobs?state=ended&name=pa`);
    await page.getByRole("grid").getByText("parts").waitFor();
    await page.getByRole("grid").getByText("from the form").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByRole("grid").getByText("from the form").waitFor();
    await page.waitForURL((url) => url.search === "");
    const live = await network.weir(["submit", "--job-name", "just came", "--", "sleep", "2"]);
    assert.equal(live.status, 0, live.stderr);
    await page.getByRole("grid").getByText("just came").waitFor();
    await page
      .getByRole("row", { name: /just came/ })
      .locator('[data-state="succeeded"]')
      .waitFor();
    await page.getByRole("grid").focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await title("just came");
  });

  test("Chinese and English are one click apart and remembered", async () => {
    await page.goto(`${network.url}/`);
    await page.getByRole("button", { name: "中文" }).click();
    await title("算力网概览");
    await page.locator('html[lang="zh-CN"]').waitFor();
    await page.reload();
    await title("算力网概览");
    await page.locator('[data-centre="local"]').getByText("本机").waitFor();
    await page.getByRole("link", { name: "用量" }).click();
    await seen("核时");
    await page.goto(`${network.url}/jobs/999999999`);
    await page.getByRole("alert").getByText("未找到").waitFor();
    await page.getByRole("button", { name: "EN" }).click();
    await page.goto(`${network.url}/usage`);
    await title("Usage");
    await page.goto(`${network.url}/centres`);
    await seen("This machine");
  });

  test("an administrator adds a person, whose link works, and whose pages show no administration", async () => {
    await page.goto(`${network.url}/administration`);
    await page.getByRole("button", { name: "Add a person" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill("lin");
    await dialog.getByLabel("Shown as").fill("林小红");
    await dialog.getByRole("button", { name: "Add a person" }).click();
    const link = (await page.getByRole("dialog").locator("code").innerText()).trim();
    assert.match(link, /\/sign-in#code=/);

    const other = await newPage(browser);
    await other.goto(link);
    await other.getByRole("heading", { level: 1, name: "The network at a glance" }).waitFor();
    await other.getByRole("link", { name: "People and projects" }).waitFor({ state: "detached" });
    await other.goto(`${network.url}/password`);
    await other.getByLabel("New password", { exact: true }).fill("seven black swans");
    await other.getByLabel("New password again").fill("seven black swans");
    await other.getByRole("button", { name: "Set password" }).click();
    await other.getByText("The password is set.").waitFor();
    await other.getByRole("button", { name: "Account of lin" }).click();
    await other.getByText("Sign out").click();
    await other.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    await other.getByLabel("Name", { exact: true }).fill("lin");
    await other.getByLabel("Password", { exact: true }).fill("seven black swans");
    await other.getByRole("button", { name: "Sign in" }).click();
    await other.getByRole("heading", { level: 1, name: "The network at a glance" }).waitFor();
    await other.context().close();
  });

  test("a token and a centre's enrolment are shown once, in the place of the form", async () => {
    await page.goto(`${network.url}/tokens`);
    await page.getByRole("button", { name: "Make a token" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Make a token" }).click();
    await dialog.getByText("Say what it is for").waitFor();
    await dialog.getByLabel("What for").fill("laptop");
    await dialog.getByRole("button", { name: "Make a token" }).click();
    const secret = (await dialog.locator("code").first().innerText()).trim();
    assert.ok(secret.length > 20);
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.getByRole("cell", { name: "laptop" }).waitFor();
    await page.getByText(secret).waitFor({ state: "detached" });

    await page.goto(`${network.url}/centres`);
    await page.getByRole("button", { name: "Register a centre" }).click();
    await dialog.getByLabel("Short name").fill("local");
    await dialog.getByRole("button", { name: "Register a centre" }).click();
    await dialog.getByRole("alert").getByText("Already there").waitFor();
    await dialog.getByLabel("Short name").fill("qingdao-1");
    await dialog.getByLabel("Driver").click();
    await page.locator(".ant-select-item-option", { hasText: "slurm" }).click();
    await dialog.getByRole("button", { name: "Register a centre" }).click();
    await dialog.locator("code").waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await seen("qingdao-1");
    await page
      .getByText(/Slurm cluster · /)
      .first()
      .waitFor();
  });

  test("the search box leads to a job by its number, and to all whose names begin as typed", async () => {
    await page.goto(`${network.url}/`);
    const box = page.getByRole("textbox", { name: "Find jobs by number or name" });
    await box.fill("from the");
    await box.press("Enter");
    await title("Jobs");
    await page.waitForURL((url) => url.searchParams.get("name") === "from the");
    const list = page.getByRole("grid", { name: "List of jobs" });
    await list.getByRole("gridcell", { name: "from the form" }).waitFor();
    await list.getByRole("gridcell", { name: "long" }).waitFor({ state: "detached" });
    await box.fill("#1");
    await box.press("Enter");
    await title("from the form");

    await page.goto(`${network.url}/jobs/9999`);
    await page.getByRole("main").getByRole("link", { name: "All jobs" }).click();
    await title("Jobs");
  });

  test("on a phone, nothing in the list of newest jobs is cut off or broken in mid-word", async () => {
    const phone = await newPage(browser, {
      viewport: { width: 390, height: 844 },
      storageState: await page.context().storageState(),
    });
    await phone.goto(`${network.url}/`);
    const list = phone.getByRole("table", { name: "Newest jobs" });
    const name = list.getByText("from the form", { exact: true });
    await name.waitFor();
    const beyond = await list.evaluate((table) =>
      [table, ...table.querySelectorAll("*")]
        .filter((part) => part.getBoundingClientRect().right > document.documentElement.clientWidth)
        .map((part) => part.textContent),
    );
    assert.deepEqual(beyond, []);
    assert.ok(((await name.boundingBox())?.height ?? 0) < 30, "the name takes one line");
    await phone.context().close();
  });

  test("no page breaks its content policy, throws, or scrolls sideways on a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of [
      "/",
      "/submit",
      "/jobs",
      "/jobs/1",
      "/usage?by=day",
      "/centres",
      "/policy",
      "/tokens",
      "/administration",
    ]) {
      await page.goto(network.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("load");
      const widths = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ]);
      assert.ok((widths[0] ?? 0) <= (widths[1] ?? 0), `${path} is ${widths[0]} wide`);
    }
    assert.deepEqual(complaints, []);
  });
});
