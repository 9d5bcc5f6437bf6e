import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { type EngineReport, noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, runId } from "#core/ids.ts";
import { sampleAllocation } from "#core/sample-testing.ts";
import { startTestServer, type TestServer } from "#server/http/testing.ts";
import { reportEngine } from "#server/store/report-engine.ts";
import { settleAccounts } from "#server/store/wanted-accounts.ts";
import { requires } from "../tools/requirement.ts";
import { administratorsPage, looking, openBrowser } from "./browser.ts";
import { repository } from "./network.ts";

// A centre with pools that others use too, as an administrator sees it and takes it out of use. No agent is there: the
// test says what the centre's engine does.

describe("a centre with pools, in the console", { skip: requires("chromium", "cjk-font") }, () => {
  let server: TestServer;
  let browser: Browser;
  let page: Page;
  const jinan = centreId("jinan");

  before(async () => {
    server = await startTestServer({ webFolder: join(repository, "dist/web") });
    await server.client().call("addCentre", { body: { id: jinan, name: "Jinan", nameZh: "济南", driver: "slurm" } });
    await server.db.pool.query("update centre set life_cycle = 'in-service' where id = 'jinan'");
    await reportEngine(server.db, { centre: jinan, session: 0 }, "1", engine, Date.now());
    browser = await openBrowser();
    page = await administratorsPage(browser, server, { viewport: { width: 1280, height: 1000 } });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("weir centre show says of a pool where others' jobs are hidden that estimates are rough, in both languages", async () => {
    const shown = (language: string) =>
      new Promise<string>((resolve, reject) => {
        const env = { PATH: process.env.PATH, HOME: "/", WEIR_SERVER: server.url, WEIR_TOKEN: server.token };
        const words = [join(repository, "cli/main.ts"), "centre", "show", "jinan", `--lang=${language}`];
        execFile(process.execPath, words, { env }, (error, out) => (error ? reject(error) : resolve(out)));
      });
    assert.match(await shown("en"), /hidden, so estimates there are rough: PrivateData=jobs/);
    assert.match(await shown("zh"), /不可见，故预计仅供参考：/);
    assert.match(await shown("en"), /gone: not there +its reservation is not there: it has ended/);
    assert.match(await shown("en"), /night: reserved +20\d\d-/);
  });

  test("pools show their contract, nodes, limits and the work of others, in both languages", async () => {
    const { seen } = looking(page);
    await page.goto(`${server.url}/centres`);
    const centre = page.locator("section").filter({ hasText: "jinan" });
    for (const words of ["shared", "6 of 8 up", "others run on 96 cores", "at most 1 d a job", "lease 7 d"])
      await centre.getByText(words).first().waitFor();
    await centre.getByText("estimates there are rough: others' jobs are hidden from the agent").waitFor();
    await centre.getByText("Drained: starts nothing now").waitFor();
    await centre.getByText(/^reserved for the network, /).waitFor();
    await centre.getByText("its reservation is not there: it has ended, or the centre has to make it again").waitFor();
    await centre.getByText("2, each the account of several people").waitFor();
    await centre.getByText("sampled by Slurm, and ended when above (OverMemoryKill)").waitFor();
    // What asks for somebody stands first.
    const terms = await centre.locator("dl dt").allTextContents();
    assert.equal(terms.filter((term) => ["Alarm", "Engine"].includes(term))[0], "Alarm", terms.join(", "));
    await centre
      .getByText(/^the site's policy refused 3 requests, .* by account; the site's audit says more$/)
      .waitFor();
    await centre.getByRole("button", { name: "Show nodes" }).click();
    const nodes = centre.getByRole("table", { name: "Nodes" });
    await nodes.getByText("c[01-06]").waitFor();
    // Of all six together, as the command line has it.
    await nodes.getByRole("row", { name: "c[01-06]" }).getByText("0 of 384 · 48 free").waitFor();
    await nodes.getByText("kernel update").waitFor();
    await picture(page, "pools-en");
    await page.getByRole("button", { name: "中文" }).click();
    await seen("他人占用 96 核");
    await seen(/^为算力网保留：/);
    await seen("其预留不存在：已结束，或须由中心重新建立");
    await seen("2 个，各由多人共用");
    await seen(/^站点策略已拒绝 3 个请求，.*依据 account/);
    await page.getByRole("button", { name: "查看节点" }).first().click();
    await seen("维护中");
    await picture(page, "pools-zh");
    await page.getByRole("button", { name: "EN", exact: true }).click();
  });

  test("who needs an account there, and how far the centre is with it", async () => {
    const asked = await server.client().call("askAccounts", { params: { centre: jinan }, body: { person: "admin" } });
    assert.ok(asked.kind === "answer");
    await page.getByRole("button", { name: "Accounts" }).click();
    const table = page.getByRole("table", { name: "Accounts" });
    await table.getByText("asked for, no answer yet").waitFor();
    await settleAccounts(
      server.db.pool,
      { centre: jinan, session: 0 },
      [{ person: 1, project: 1, readiness: "ready" }],
      Date.now(),
    );
    await table.getByText("ready", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await table.waitFor({ state: "hidden" });
  });

  test("terms: edited pool by pool; what a change does is said before it can be put in force", async () => {
    const { seen } = looking(page);
    await page.locator("section").filter({ hasText: "jinan" }).getByRole("button", { name: "Terms" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("nobody has set terms yet").waitFor();
    const set = dialog.getByRole("button", { name: "Put in force" });
    /** The page may take a moment to show what was just chosen. */
    const isOff = (field: Locator) => field.and(page.locator(":disabled")).waitFor();
    await dialog.getByRole("button", { name: "What would change?" }).click();
    await dialog.getByText("nothing changes").waitFor();
    await isOff(set);
    await dialog.getByLabel("Pool", { exact: true }).click();
    await page.getByTitle("batch", { exact: true }).click();
    await isOff(dialog.getByLabel("Share of the network"));
    await dialog.getByLabel("This pool has terms of its own").check();
    await dialog.getByLabel("Share of the network").fill("25");
    await dialog.getByLabel("Lease, in minutes").fill("90");
    await dialog.getByLabel("Speed (1: as time limits mean it)").fill("2");
    await dialog.getByLabel("Carbon, in g of CO₂ a kWh").fill("500");
    await dialog.getByRole("button", { name: "Add hours" }).click();
    await dialog.getByLabel("From (1)").fill("25:00");
    await dialog.getByRole("button", { name: "What would change?" }).click();
    await dialog.getByText(/a time of day such as 08:00/).waitFor();
    await isOff(set);
    await dialog.getByLabel("From (1)").fill("21:00");
    await dialog.getByLabel("Kept there after it has left, in days").fill("7");
    await dialog.getByRole("button", { name: "What would change?" }).click();
    await dialog.getByText(/Pool batch: the network may use 25 % of it, 128 of 512 cores; its runs hold 0/).waitFor();
    await dialog.getByText(/a run may wait 90 min for its start/).waitFor();
    await dialog.getByText(/is kept for 7 days, and users can fetch their output/).waitFor();
    await dialog.getByText(/Monday–Friday 21:00–08:00/).waitFor();
    await picture(page, "terms-en");
    await dialog.getByLabel("Sat").check();
    await isOff(set); // the preview was of another draft
    await dialog.getByRole("button", { name: "What would change?" }).click();
    await dialog.getByText(/Monday–Saturday 21:00–08:00/).waitFor();
    await set.click();
    await dialog.getByText(/Version \d+, set by admin/).waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    const kept = await server.client().call("terms", { params: { centre: jinan } });
    assert.ok(kept.kind === "answer");
    assert.equal(kept.value.terms.retentionDays, 7);
    assert.deepEqual(kept.value.terms.pools, {
      batch: {
        contract: null,
        maxPending: 8,
        leaseS: 5400,
        sharePercent: 25,
        hours: [{ days: [1, 2, 3, 4, 5, 6], from: "21:00", to: "08:00" }],
        speed: 2,
      },
    });
    assert.equal(kept.value.terms.carbonGPerKwh, 500);
    await page.getByRole("button", { name: "中文" }).click();
    await page.locator("section").filter({ hasText: "jinan" }).getByRole("button", { name: "条款" }).click();
    await dialog.getByLabel("资源池", { exact: true }).click();
    await page.getByTitle("batch · 专属条款", { exact: true }).click();
    await dialog.getByLabel("归算力网的份额（%）").fill("");
    await dialog.getByLabel("退出后保留天数").fill("");
    await dialog.getByRole("button", { name: "会改变什么？" }).click();
    await seen("资源池 batch：算力网可使用其全部。");
    await seen("退出后，算力网在该处的内容保留 30 天，用户可取回输出。");
    await picture(page, "terms-zh");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "EN", exact: true }).click();
  });

  test("a run that waits there says why on its job's page", async () => {
    const job = await waitingJob();
    await page.goto(`${server.url}/jobs/${job}`);
    await looking(page).seen(/Waits in the own queue of jinan, pool batch: other work comes first .*\(Priority\)/);
    await picture(page, "waits-en");
    await page.getByRole("tab", { name: "Specification" }).click();
    await looking(page).seen(/Waits in the own queue of jinan, pool batch: other work comes first/);
  });

  test("of many lines of nodes the first are shown, and all on request", async () => {
    const nodes = Array.from({ length: 25 }, (_, at) => ({ ...group, names: `n${at}`, count: 1, ...size, free: size }));
    const [batch] = engine.pools;
    assert.ok(batch);
    const large = { ...engine, pools: [{ ...batch, nodes }, ...engine.pools.slice(1)] };
    await reportEngine(server.db, { centre: jinan, session: 0 }, "1", large, Date.now());
    await page.goto(`${server.url}/centres`);
    const centre = page.locator("section").filter({ hasText: "jinan" });
    await centre.getByRole("button", { name: "Show nodes" }).click();
    const lines = centre.getByRole("table", { name: "Nodes" }).locator("tbody tr");
    await lines.nth(19).waitFor();
    assert.equal(await lines.count(), 20);
    await centre.getByRole("button", { name: /^Show all \d+ lines$/ }).click();
    await lines.nth(24).waitFor();
    await reportEngine(server.db, { centre: jinan, session: 0 }, "1", engine, Date.now());
  });

  test("suspend: what it does is said first, then it is done, and the history names who", async () => {
    await page.goto(`${server.url}/centres`);
    await page.locator("section").filter({ hasText: "jinan" }).getByRole("button", { name: "Manage" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("runs there: 1 waiting, 0 running").waitFor();
    await dialog
      .getByText(/The run that waits there is withdrawn and placed elsewhere/)
      .first()
      .waitFor();
    await picture(page, "manage-en");
    await dialog.getByRole("button", { name: "Suspend" }).click();
    await dialog.getByText("suspended: takes nothing new").waitFor();
    await dialog.getByText(/Suspend · admin/).waitFor();
    await dialog.getByRole("button", { name: "Resume" }).click();
    await dialog.getByText("takes work", { exact: true }).waitFor();
  });

  async function waitingJob(): Promise<number> {
    const reply = await server.client().call("submit", { body: { command: ["sleep", "600"], name: "tides" } });
    assert.ok(reply.kind === "answer");
    const ref = { job: jobId(reply.value.id), index: 0, attempt: 1 };
    const bound = { pool: "batch", allocation: sampleAllocation, starts: "in-turn", leaseMs: 604_800_000 } as const;
    const placement = { ...ref, centre: jinan, ...bound, candidates: [] };
    await server.transitions.place([placement], Date.now(), await server.transitions.takeEpoch());
    const word = { engineId: "4711", reason: "Priority", reasonKind: "priority", startsInMs: 3_600_000 };
    await server.transitions.observe(jinan, 0, [{ kind: "waiting", run: runId(ref), atMs: Date.now(), ...word }]);
    return reply.value.id;
  }
});

/** Kept only where somebody wants to look: WEIR_PICTURES names a folder. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.WEIR_PICTURES;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

const size = { cores: 64, memoryMib: 262_144, accelerators: [] };
const cards = { cores: 64, memoryMib: 524_288, accelerators: [{ vendor: "huawei", model: "ascend910b", count: 8 }] };
const none = { cores: 0, memoryMib: 0, accelerators: [] };
const group = { state: "up", reason: null, features: ["kunpeng"] } as const;
const engine: EngineReport = {
  pools: [
    {
      name: "batch",
      state: "up",
      memoryMibPerCore: 4096,
      limits: { timeLimitS: 86_400, leastNodes: 1, mostNodes: 16 },
      nodes: [
        { ...group, names: "c[01-06]", count: 6, ...size, free: { ...none, cores: 8, memoryMib: 32_768 } },
        { ...group, names: "c[07-08]", count: 2, ...size, free: none, state: "maintenance", reason: "kernel update" },
      ],
      ours: none,
      foreign: { kind: "seen", running: [{ cores: 96, endsInMs: 5_400_000 }], waiting: { jobs: 12, cores: 640 } },
    },
    {
      name: "accel",
      state: "up",
      memoryMibPerCore: 8192,
      limits: { timeLimitS: null, leastNodes: 1, mostNodes: null },
      nodes: [{ ...group, names: "a[1-4]", count: 4, ...cards, free: cards }],
      ours: none,
      foreign: { kind: "hidden", why: "PrivateData=jobs" },
    },
    {
      name: "debug",
      state: "drained",
      memoryMibPerCore: 4096,
      limits: { timeLimitS: 600, leastNodes: 1, mostNodes: 2 },
      nodes: [{ ...group, names: "d1", count: 1, ...size, free: size }],
      ours: none,
      foreign: { kind: "none" },
    },
    {
      name: "night",
      state: "up",
      memoryMibPerCore: 4096,
      limits: { timeLimitS: null, leastNodes: 1, mostNodes: null },
      nodes: [{ ...group, names: "n1", count: 1, ...size, free: size }],
      ours: none,
      foreign: { kind: "none" },
      window: { startsInMs: 3_600_000, endsInMs: 7_200_000 },
    },
    {
      name: "gone",
      state: "down",
      memoryMibPerCore: 0,
      limits: { timeLimitS: null, leastNodes: 1, mostNodes: null },
      nodes: [],
      ours: none,
      foreign: { kind: "none" },
      shut: "no-reservation",
    },
  ],
  offers: noOffers,
  mechanisms: {
    shared: "2, each the account of several people",
    engine: "Slurm 22.05.8 by its commands",
    identity: "weir-as, each as its own user",
    memory: "sampled by Slurm, and ended when above (OverMemoryKill)",
    alarm:
      "the site's policy refused 3 requests, the last at 2026-11-23T03:00:00.000Z by account; the site's audit says more",
  },
};
