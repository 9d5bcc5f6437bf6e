import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { JobRequest } from "#api/job.ts";
import { centreId, jobId, type RunId, runId } from "#core/ids.ts";
import type { RunEnd } from "#core/job/state.ts";
import type { RunObservation, RunUsage } from "#core/run-order.ts";
import { sampleAllocation, sampleUsage } from "#core/sample-testing.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { administratorsPage, openBrowser } from "./browser.ts";
import { repository } from "./network.ts";

/** The console of a test server in a browser, the administrator signed in. No agent is there: the test says what centre `local` does. */
export type Console = {
  readonly server: TestServer;
  readonly browser: Browser;
  readonly page: Page;
  readonly submitted: (request: JobRequest) => Promise<number>;
  /** An attempt of a task, the first unless said; `index` 0: of a plain job. */
  readonly placed: (job: number, index?: number, attempt?: number) => Promise<RunId>;
  readonly started: (job: number, index?: number, attempt?: number) => Promise<RunId>;
  readonly end: (run: RunId, how: RunEnd, usage?: Partial<RunUsage>, words?: string) => Promise<unknown>;
  readonly tell: (...observations: readonly RunObservation[]) => Promise<unknown>;
  readonly close: () => Promise<void>;
};

export async function openConsole(options: BrowserContextOptions = {}): Promise<Console> {
  const server = await startTestServer({ webFolder: join(repository, "dist/web") });
  const browser = await openBrowser();
  async function close(): Promise<void> {
    await browser.close();
    await server.stop();
  }
  const page = await administratorsPage(browser, server, options).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const local = centreId("local");
  const tell = (...observations: readonly RunObservation[]) => server.transitions.observe(local, 0, [...observations]);
  async function placed(job: number, index = 0, attempt = 1): Promise<RunId> {
    const ref = { job: jobId(job), index, attempt };
    const bound = { pool: "default", allocation: sampleAllocation, starts: "now", leaseMs: null } as const;
    const placement = { ...ref, centre: local, ...bound, candidates: [] };
    await server.transitions.place([placement], Date.now(), await server.transitions.takeEpoch());
    return runId(ref);
  }
  async function started(job: number, index = 0, attempt = 1): Promise<RunId> {
    const run = await placed(job, index, attempt);
    await tell({ kind: "started", run, atMs: Date.now(), evidence: "pid 7" });
    return run;
  }
  return {
    server,
    browser,
    page,
    submitted: async (body) => (await ok(server.client().call("submit", { body }))).id,
    placed,
    started,
    tell,
    end: (run, how, usage = {}, words) =>
      tell({
        kind: "ended",
        run,
        atMs: Date.now(),
        end: how,
        usage: { ...sampleUsage, ...usage },
        words: words ?? null,
      }),
    close,
  };
}
