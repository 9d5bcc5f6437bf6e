import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import type { TestServer } from "#server/http/testing.ts";
import { chromiumPath } from "../tools/requirement.ts";
import { eventually, type Network } from "./network.ts";

/** A new profile each time; quiet, as no test machine need reach anything but the network under test. */
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath() ?? "", args: flags });
}

const usual: BrowserContextOptions = {
  viewport: { width: 1280, height: 800 },
  locale: "en-GB",
  reducedMotion: "reduce", // a click on a menu that still moves is lost on a busy machine
};

/** For one step of a page. What is as it should be is seen at once; only a machine that is busy takes this long. */
const patienceMs = 120_000;
/** For what a job has to do before a page can show it. */
const workPatienceMs = 240_000;

/** A page of somebody who shares nothing with the others. */
export async function newPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ ...usual, ...options });
  context.setDefaultTimeout(patienceMs);
  return context.newPage();
}

/** The page of the administrator of a test server, signed in and at the network's first page. */
export async function administratorsPage(
  browser: Browser,
  server: Pick<TestServer, "client">,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const page = await newPage(browser, options);
  const link = await server.client().call("addSignInLink", { params: { person: "admin" }, body: {} });
  if (link.kind !== "answer") throw new Error(link.problem.detail);
  await page.goto(link.value.signInUrl);
  await looking(page).title("The network at a glance");
  return page;
}

/** The one-time link that the start of a network prints. */
export function signInLink(network: Network): string {
  const link = /\S+\/sign-in#code=\S+/.exec(network.printed())?.[0];
  if (link === undefined) throw new Error(`no link in: ${network.printed()}`);
  return link;
}

/** What a person looks for on a page. */
export function looking(page: Page) {
  return {
    seen: (text: string | RegExp) => page.getByText(text).first().waitFor(),
    title: (text: string) => page.getByRole("heading", { level: 1, name: text }).waitFor(),
    state: (word: string) => page.locator(`h1 [data-state="${word}"]`).waitFor({ timeout: workPatienceMs }),
    editor: () => page.getByRole("textbox", { name: "Script", exact: true }),
    field: (name: string) => page.getByLabel(name, { exact: true }),
  };
}

/** What a field holds, as soon as it is what is awaited: the page may take a moment to write it there. */
export function holds(field: Locator, wanted: RegExp): Promise<string> {
  return eventually(`${field} holds ${wanted}`, async () => {
    const text = await field.inputValue();
    return wanted.test(text) ? text : null;
  });
}
