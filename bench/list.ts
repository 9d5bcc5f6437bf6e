import { Agent } from "node:http";
import { startTestServer } from "#server/http/testing.ts";
import { figure, table } from "./figures.ts";
import { quantile, send } from "./load.ts";
import { fillMillion } from "./million.ts";

const times = 60;

/**
 * How long each read of the API takes, over HTTP, with a million jobs in the table. The database is made for it by SQL,
 * which takes a few minutes. `node bench/list.ts [JOBS]` measures it alone, with as many jobs.
 */
export async function list(rounds: number, jobs = 1_000_000): Promise<void> {
  // As it runs for users: that each answer fits its schema is what the tests ask.
  const server = await startTestServer({ checksAnswers: false });
  const nowMs = Date.now();
  const startedMs = performance.now();
  await fillMillion(server.db, nowMs, jobs);
  process.stderr.write(`${jobs} jobs in ${Math.round((performance.now() - startedMs) / 1000)} s\n`);

  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const base = new URL(server.url);
  for (const [name, path] of Object.entries(readsOf(jobs, nowMs))) {
    const medians: number[] = [];
    const p95s: number[] = [];
    const read = async () => {
      const sentMs = performance.now();
      await send(agent, base, server.token, { method: "GET", path: `/api/v1${path}` });
      return performance.now() - sentMs;
    };
    // The first ones fill caches and plans.
    for (let i = 0; i < 3; i += 1) await read();
    for (let round = 0; round < rounds; round += 1) {
      const took: number[] = [];
      for (let i = 0; i < times; i += 1) took.push(await read());
      medians.push(quantile(took, 0.5));
      p95s.push(quantile(took, 0.95));
    }
    figure(`API, ${jobs} jobs, ${name}: median of ${times}`, "ms", "", medians);
    figure(`API, ${jobs} jobs, ${name}: p95 of ${times}`, "ms", "≤ 20", p95s);
  }
  agent.destroy();
  await server.stop();
}

/** By name, the path below `/api/v1`. */
function readsOf(jobs: number, nowMs: number): Readonly<Record<string, string>> {
  const day = 86_400_000;
  return {
    jobs: "/jobs",
    "jobs, a page from the middle": `/jobs?cursor=${Math.floor(jobs / 2)}`,
    "jobs, queued": "/jobs?state=queued",
    "jobs, running": "/jobs?state=running",
    "jobs, active": "/jobs?state=active",
    "jobs, active, of a person": "/jobs?state=active&person=u7",
    "jobs, ended": "/jobs?state=ended",
    "jobs, failed": "/jobs?outcome=failed",
    "jobs, lost (two in all)": "/jobs?outcome=lost",
    "jobs of a project": "/jobs?project=p3",
    "jobs of a person": "/jobs?person=u7",
    "jobs by name": "/jobs?name=train-",
    "jobs by a rare name": "/jobs?name=train-77",
    "jobs at a centre": "/jobs?centre=alpha",
    "jobs at a centre of long ago": "/jobs?centre=retired",
    "jobs with a label of 1 in 10": "/jobs?label=all=yes",
    "jobs with a rarer label": "/jobs?label=experiment=e10",
    "jobs of a period": `/jobs?submittedFromMs=${nowMs - 10 * day}&submittedToMs=${nowMs - 9 * day}`,
    "failed jobs of a project and person": "/jobs?project=p3&person=u7&outcome=failed",
    "one job": `/jobs/${jobs}`,
    "its tasks": `/jobs/${jobs}/tasks`,
    "its history": `/jobs/${jobs}/history`,
    "why it is where it is": `/jobs/${jobs}/why`,
    "the network at a glance": "/network",
    centres: "/centres",
    "usage by project": "/usage?by=project",
    "usage by day": "/usage?by=day",
    "usage by job": "/usage?by=job",
  };
}

if (import.meta.main) {
  await list(Number(process.env.WEIR_BENCH_ROUNDS ?? 5), Number(process.argv[2] ?? 1_000_000));
  table();
}
