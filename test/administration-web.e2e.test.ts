import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { requires } from "../tools/requirement.ts";
import { administratorsPage, openBrowser } from "./browser.ts";
import { repository } from "./network.ts";

// What administrators grant, in the console: what may not be is refused at its field and changes nothing; what stops work
// is asked for twice. No agent is there.

describe("people and projects, in the console", { skip: requires("chromium", "cjk-font") }, () => {
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

  const granted = async () => {
    const { projects } = await ok(server.client().call("projects", {}));
    return projects.map(({ grants }) => grants.map((one) => [one.unit, one.granted]));
  };

  /** The dialog of the only project, with hours to be typed. */
  async function granting() {
    await page.goto(`${server.url}/administration`);
    await page.getByRole("region", { name: "Projects" }).getByRole("button", { name: "Change" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Core-hours").click();
    await page.locator(".ant-select-item-option", { hasText: "grant from now on …" }).click();
    return {
      dialog,
      hours: dialog.getByLabel("Core-hours granted"),
      change: dialog.getByRole("button", { name: "Change" }),
    };
  }

  test("hours that cannot be granted are refused at their field, by the server, and nothing is changed", async () => {
    const { dialog, hours, change } = await granting();
    const field = dialog.locator(".ant-form-item", { has: page.getByLabel("Core-hours granted") });
    for (const [typed, words] of [
      ["0.05", "must be a whole number"],
      ["-5", "must be at least 0"],
    ] as const) {
      await hours.fill(typed);
      await field.getByRole("alert").waitFor({ state: "detached" });
      const refused = page.waitForResponse((reply) => reply.request().method() === "PUT" && reply.status() === 400);
      await change.click();
      await refused;
      await field.getByRole("alert").getByText(words).waitFor();
      assert.equal(await dialog.getByText("Granted:").count(), 0, "no consequence is told of what cannot be");
    }
    await hours.fill("abc");
    await field.getByRole("alert").getByText("must be a whole number").waitFor();
    assert.equal(await change.isDisabled(), true);
    assert.equal(await hours.inputValue(), "abc", "what was typed stays, to be put right");
    assert.deepEqual(await granted(), [[]]);
    await hours.fill("5");
    await dialog.getByText("Granted: 5 core-hours, less").waitFor();
    await change.click();
    await dialog.waitFor({ state: "hidden" });
    assert.deepEqual(await granted(), [[["core-ms", `${5 * 3_600_000}`]]]);
  });

  test("before nothing is granted it says what stops and how much work that concerns, and asks once more", async () => {
    for (const name of ["one", "two"])
      await ok(server.client().call("submit", { body: { command: ["true"], name, project: "default" } }));
    const { dialog, hours, change } = await granting();
    await hours.fill("0");
    await dialog.getByText("Granted: no core-hours. None of its work starts any more").waitFor();
    await dialog.getByText("Jobs of it now: 2 waiting, 0 at a centre.").waitFor();
    await change.click();
    const sure = page.getByRole("tooltip");
    await sure.getByText("Grant default nothing?").waitFor();
    await sure.getByRole("button", { name: "Cancel" }).click();
    await sure.waitFor({ state: "hidden" });
    assert.deepEqual(await granted(), [[["core-ms", `${5 * 3_600_000}`]]], "not before it is confirmed");
    await change.click();
    await sure.getByRole("button", { name: "Grant nothing" }).click();
    await dialog.waitFor({ state: "hidden" });
    assert.deepEqual(await granted(), [[["core-ms", "0"]]]);
  });

  test("a sign-in link is made when it is asked for, not by a first click, and is shown once", async () => {
    await page.goto(`${server.url}/administration/people/admin`);
    const made: string[] = [];
    page.on("request", (one) => void (one.url().endsWith("/sign-in-link") && made.push(one.url())));
    const open = () => page.getByRole("button", { name: "Sign-in link" }).click();
    const dialog = page.getByRole("dialog");
    await open();
    await dialog.getByText("A link made earlier and not used yet stops working").waitFor();
    assert.deepEqual(made, []);
    await dialog.getByRole("button", { name: "Make the link" }).click();
    await dialog.getByText("It is shown this once.").waitFor();
    await dialog.getByText(/sign-in#code=/).waitFor();
    assert.equal(made.length, 1);
    await dialog.getByRole("button", { name: "Close" }).first().click();
    await dialog.waitFor({ state: "hidden" });
    await open();
    await dialog.getByRole("button", { name: "Make the link" }).waitFor();
    assert.equal(await dialog.getByText(/sign-in#code=/).count(), 0);
    await dialog.getByRole("button", { name: "Cancel" }).click();
  });

  test("a person is added with a refusal at its field, changed, removed from a project, disabled and enabled", async () => {
    await page.goto(`${server.url}/administration`);
    const people = page.getByRole("region", { name: "People" });
    const dialog = page.getByRole("dialog");
    await people.getByRole("button", { name: "Add a person" }).click();
    await dialog.getByLabel("Name", { exact: true }).fill("Li Hua");
    await dialog.getByRole("button", { name: "Add a person" }).click();
    const field = dialog.locator(".ant-form-item", { has: page.getByLabel("Name", { exact: true }) });
    await field.getByText("must be 1 to 63 characters").waitFor();
    assert.equal(await dialog.getByText("name: must be").count(), 0, "said once, at its field");
    await dialog.getByLabel("Name", { exact: true }).fill("lihua");
    await dialog.getByRole("button", { name: "Add a person" }).click();
    await dialog.getByText("or until a newer link is made for lihua, which ends this one").waitFor();
    await dialog.getByRole("button", { name: "Close" }).first().click();
    await dialog.waitFor({ state: "hidden" });
    const row = people.getByRole("row", { name: "lihua" });
    await row.getByRole("link", { name: "Manage lihua" }).click();
    await page.getByRole("heading", { level: 1, name: "lihua" }).waitFor();
    const does = async (button: string, words: string) => {
      await page.getByRole("button", { name: button, exact: true }).click();
      await dialog.getByText(words).waitFor();
    };
    const confirm = async (button: string) => {
      await dialog.getByRole("button", { name: button, exact: true }).click();
      await dialog.waitFor({ state: "hidden" });
    };
    await does("Name and role", "the last administrator keeps it");
    await dialog.getByLabel("Shown as").fill("李华");
    await dialog.getByLabel("administrator").check();
    await confirm("Change");
    await page.getByRole("heading", { level: 1, name: "lihua 李华" }).waitFor();
    const projects = page.getByRole("region", { name: "Projects" });
    await projects.getByText("lihua can submit nothing until they belong to one.").waitFor();
    await does("Add to a project", "Add lihua to a project");
    await dialog.getByLabel("Project").click();
    await page.locator(".ant-select-item-option", { hasText: "default" }).click();
    await confirm("Add to a project");
    await projects.getByRole("row", { name: "default" }).getByRole("button", { name: "Remove" }).click();
    await dialog.getByText("What they submitted belongs to the project").waitFor();
    await confirm("Remove");
    await projects.getByText("No project yet").waitFor();
    await does("Disable", "lihua is signed out everywhere at once");
    await confirm("Disable");
    await page.getByText("disabled since").waitFor();
    assert.equal(await page.getByRole("button", { name: "Sign-in link" }).count(), 0, "it would not sign them in");
    await does("Enable", "Sessions, tokens and links from before do not come back");
    await confirm("Enable");
    await page.getByText("disabled since").waitFor({ state: "detached" });
    const done = page.getByRole("region", { name: "What was done to lihua" });
    await done.getByText("enabled again").waitFor();
    const words = await done.getByRole("row").locator("td:last-child").allTextContents();
    assert.deepEqual(words, [
      ...["enabled again", "disabled", "removed from project default", "made a member of project default"],
      ...["made administrator", "shown under another name", "a sign-in link was made", "added"],
    ]);
    await page.getByRole("main").getByRole("link", { name: "People and projects" }).click();
    await row.getByText("administrator", { exact: true }).waitFor();
    await people.getByRole("link", { name: "admin", exact: true }).click();
    await does("Disable", "admin is signed out everywhere at once");
    await dialog.getByRole("button", { name: "Disable", exact: true }).click();
    await dialog.getByText("Nobody disables themselves").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.goto(`${server.url}/administration/people/nobody`);
    await page.getByText("There is nobody named nobody").waitFor();
  });

  test("where no centre lies no data can be bound without a warning, and what is no region cannot be chosen", async () => {
    await page.goto(`${server.url}/administration`);
    await page.getByRole("region", { name: "Projects" }).getByRole("button", { name: "Change" }).click();
    const dialog = page.getByRole("dialog");
    const residency = dialog.getByLabel("Its data only in");
    await residency.fill("zz");
    await page.getByText("regions by their codes of ISO 3166-2, as cn-gz,cn-sd").waitFor();
    await residency.fill("de");
    await page.locator(".ant-select-item-option", { hasText: "Germany (de)" }).click();
    await dialog.getByText("Where its work may go").click();
    await dialog.getByText("no centre in service lies in de: nothing would run until one does").waitFor();
    await dialog.getByText("left out, since nobody says where they lie: local").waitFor();
    await dialog.getByRole("button", { name: "Change" }).click();
    await dialog.waitFor({ state: "hidden" });
    const done = page.getByRole("region", { name: "Projects" }).getByRole("status");
    await done.getByText("no centre in service lies in de").waitFor();
  });
});
