import { Agent } from "node:http";
import { startTestServer } from "#server/http/testing.ts";
import { quantile, send } from "./load.ts";
import { fillMillion } from "./million.ts";

/**
 * `node bench/list.ts [JOBS]`: how long each read of the API takes, over HTTP, with a million jobs in the table. One
 * JSON line for each read, in milliseconds. The database is made for it by SQL, which takes a few minutes.
 */
const jobs = Number(process.argv[2] ?? 1_000_000);
const times = 60;

// As it runs for users: that each answer fits its schema is what the tests ask.
const server = await startTestServer({ checksAnswers: false });
const nowMs = Date.now();
const startedMs = performance.now();
await fillMillion(server.db, nowMs, jobs);
process.stderr.write(`${jobs} jobs in ${Math.round((performance.now() - startedMs) / 1000)} s\n`);

const newest = jobs;
const day = 86_400_000;
const reads = {
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
  "one job": `/jobs/${newest}`,
  "its tasks": `/jobs/${newest}/tasks`,
  "its history": `/jobs/${newest}/history`,
  "why it is where it is": `/jobs/${newest}/why`,
  "the network at a glance": "/network",
  centres: "/centres",
  "usage by project": "/usage?by=project",
  "usage by day": "/usage?by=day",
  "usage by job": "/usage?by=job",
} as const;

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const base = new URL(server.url);
for (const [name, path] of Object.entries(reads)) {
  const took: number[] = [];
  for (let i = 0; i < times + 3; i += 1) {
    const sentMs = performance.now();
    await send(agent, base, server.token, { method: "GET", path: `/api/v1${path}` });
    // The first ones fill caches and plans.
    if (i >= 3) took.push(performance.now() - sentMs);
  }
  const [p50, p95] = [quantile(took, 0.5), quantile(took, 0.95)].map((ms) => Math.round(ms * 10) / 10);
  process.stdout.write(`${JSON.stringify({ read: name, p50Ms: p50, p95Ms: p95 })}\n`);
}
agent.destroy();
await server.stop();
