import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { type Client, createClient } from "#api/client.ts";
import { checkNames } from "#core/centre/connection-test.ts";
import { type EngineReport, noOffers, oneMachine } from "#core/centre/engine.ts";
import { createWorld } from "#core/scheduling/world.ts";
import { openDesk } from "#server/centres/desk.ts";
import { firstStart, machineToken } from "#server/identity/first-start.ts";
import { openGate } from "#server/identity/gate.ts";
import { openNetworkKey } from "#server/identity/network-key.ts";
import { type Leader, openLeader } from "#server/loops/lead.ts";
import { openScheduler } from "#server/loops/schedule.ts";
import { testDatabase } from "#server/postgres/testing.ts";
import { createHandlers } from "#server/routes/handlers.ts";
import { type Database, migrate, openDatabase } from "#server/store/database.ts";
import { openFeed } from "#server/store/feed.ts";
import { openGlance } from "#server/store/read/glance.ts";
import { openNames } from "#server/store/read/names.ts";
import { readWorld } from "#server/store/read-world.ts";
import { openTransitionWriter, type TransitionWriter } from "#server/store/transitions.ts";
import { openSubmitWriter } from "#server/store/writer.ts";
import { createApp } from "./app.ts";

/**
 * For tests: the whole server but its process, over a database of its own, on a port of 127.0.0.1, with every answer
 * checked by its schema unless `checksAnswers` is false. Centre `local` has 8 cores and 16 GiB. Nobody schedules unless
 * `schedules`: then the test does itself, by `transitions`, what should happen to a job.
 */
export async function startTestServer(options: TestOptions = {}): Promise<TestServer> {
  const database = await testDatabase({ fsync: false, prepare });
  const db = openDatabase(database.config);
  if (options.describedCentre === false) await db.pool.query("update centre set engine = null");
  const now = options.now ?? Date.now;
  const gate = openGate(db, now);
  const world = createWorld();
  const { snapshot, runs } = await readWorld(db, world.apply);
  const feed = openFeed(db, { from: snapshot, pollMs: 20 });
  const transitions = openTransitionWriter(db, { onCommitted: feed.wake });
  const leader = options.schedules ? openLeader(db, transitions, { retryMs: 20 }) : noLeader;
  const scheduler = openScheduler({ db, feed, transitions, leader, world });
  const writer = openSubmitWriter(db, {
    onSending: scheduler.noteSubmitting,
    onCommitted: (batch) => {
      scheduler.noteSubmitted(batch);
      feed.wakeSoon();
    },
  });
  const desk = openDesk({ db, feed, transitions, runs });
  const stopping = new AbortController();
  const keys = mkdtempSync(join(tmpdir(), "weir-key-"));
  const networkKey = await openNetworkKey(join(keys, "network-key.pem"), db, now());
  const app = createApp({
    handlers: createHandlers({
      db,
      names: openNames(db.pool),
      gate,
      networkKey,
      now,
      writer,
      transitions,
      feed,
      desk,
      world: () => world,
      caughtUp: scheduler.caughtUp,
      arrayTasks: 100_000,
      storeTrouble: () => null,
      version: "1",
      glance: openGlance(db.pool, { version: "test", now, queuedTasks: () => 0 }),
    }),
    gate,
    logger: pino({ level: process.env.WEIR_TEST_LOG ?? "silent" }),
    hosts: undefined,
    publicUrl: options.publicUrl,
    webFolder: options.webFolder ?? null,
    stopping: stopping.signal,
    checkAnswers: options.checksAnswers ?? true,
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const token = await machineToken(db, undefined, Date.now());
  return {
    url,
    db,
    token,
    transitions,
    client: (bearer = token, language = "en") =>
      createClient({ baseUrl: url, token: () => bearer, language: () => language }),
    fetch: (path, init = {}) => fetch(`${url}${path}`, init),
    async stop() {
      stopping.abort();
      await desk.close();
      await app.close();
      await scheduler.close();
      await leader.close();
      await Promise.all([transitions.close(), writer.close()]);
      await feed.close();
      await db.close();
      rmSync(keys, { recursive: true });
      await database.drop();
    },
  };
}

export type TestOptions = {
  readonly schedules?: boolean;
  /** false: no agent has said yet what `local` has. */
  readonly describedCentre?: boolean;
  readonly publicUrl?: string;
  readonly webFolder?: string;
  readonly checksAnswers?: boolean;
  /** The clock of requests; the scheduler has its own. */
  readonly now?: () => number;
};

export type TestServer = {
  readonly url: string;
  readonly db: Database;
  /** Of the administrator `admin`, member of project `default`. */
  readonly token: string;
  readonly transitions: TransitionWriter;
  readonly client: (bearer?: string, language?: "en" | "zh") => Client;
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
  readonly stop: () => Promise<void>;
};

/** What was answered; a refusal ends the test with its words. */
export async function ok<Value>(
  reply: Promise<
    | { readonly kind: "answer"; readonly value: Value }
    | { readonly kind: "problem"; readonly problem: { readonly detail: string } }
  >,
): Promise<Value> {
  const got = await reply;
  if (got.kind === "problem") throw new Error(got.problem.detail);
  return got.value;
}

/** Adds a person to those projects and signs in: their token. */
export async function signInAs(server: TestServer, name: string, projects: string[]): Promise<string> {
  const added = await server.client().call("addPerson", { body: { name, projects } });
  if (added.kind !== "answer") throw new Error(added.problem.detail);
  const code = new URL(added.value.signInUrl).hash.replace("#code=", "");
  const signedIn = await server.client("").call("signIn", { query: { as: "token" }, body: { code } });
  if (signedIn.kind !== "answer") throw new Error(signedIn.problem.detail);
  return signedIn.value.token ?? "";
}

/** The agent of that credential passes its connection test, as if it had run it: the centre goes into service. */
export async function passConnectionTest(server: TestServer, centre: string, credential: string): Promise<void> {
  const asked = await server.client().call("addTest", { params: { centre }, body: {} });
  if (asked.kind !== "answer") throw new Error(asked.problem.detail);
  const checks = checkNames.map((check) => {
    return { check, verdict: "pass" as const, asked: "by a test", seen: "nothing", startedMs: 0, tookMs: 0 };
  });
  const body = { test: asked.value.id, session: 1, agentVersion: "1", nowMs: Date.now(), checks, ended: true };
  const told = await server.client(credential).call("postTest", { body });
  if (told.kind !== "answer") throw new Error(told.problem.detail);
}

const noLeader: Leader = {
  epoch: () => null,
  sinceMs: () => null,
  onChange: () => () => undefined,
  fenced: () => undefined,
  close: async () => undefined,
};

async function prepare({ url }: { readonly url: string }): Promise<void> {
  const db = openDatabase(url);
  await migrate(db);
  await firstStart(db, Date.now());
  const engine: EngineReport = {
    pools: [oneMachine("here", { cores: 8, memoryMib: 16_384, memoryMibPerCore: 2048 })],
    offers: noOffers,
    mechanisms: { memory: "sampled" },
  };
  await db.pool.query("update centre set engine = $1, last_seen_ms = 1", [engine]);
  await db.close();
}
