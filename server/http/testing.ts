import { pino } from "pino";
import { type Client, createClient } from "#api/client.ts";
import { centreId } from "#core/ids.ts";
import { createWorld } from "#core/scheduling/world.ts";
import { firstStart, machineToken } from "#server/identity/first-start.ts";
import { openGate } from "#server/identity/gate.ts";
import { testDatabase } from "#server/postgres/testing.ts";
import { createHandlers, type Parts } from "#server/routes/handlers.ts";
import { type Database, migrate, openDatabase } from "#server/store/database.ts";
import { openFeed } from "#server/store/feed.ts";
import { openGlance } from "#server/store/read/glance.ts";
import { currentSnapshot } from "#server/store/snapshot.ts";
import { openTransitionWriter, type TransitionWriter } from "#server/store/transitions.ts";
import { openSubmitWriter } from "#server/store/writer.ts";
import { createApp } from "./app.ts";

/**
 * For tests: the whole HTTP side over a database of its own, on a port of 127.0.0.1, with every answer checked by its
 * schema. Centre `local` has 8 cores and 16 GiB and nobody schedules: what should happen to a job, the test does itself.
 */
export async function startTestServer(changes: Partial<Parts> & { readonly url?: string } = {}): Promise<TestServer> {
  const database = await testDatabase({ fsync: false, prepare });
  const db = openDatabase(database.config);
  const now = Date.now;
  const gate = openGate(db, now);
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre: localCentre });
  const feed = openFeed(db, { from: await currentSnapshot(db.pool), pollMs: 20 });
  const transitions = openTransitionWriter(db, { onCommitted: feed.wake });
  const writer = openSubmitWriter(db, { onCommitted: feed.wake });
  const stopping = new AbortController();
  const app = createApp({
    handlers: createHandlers({
      db,
      gate,
      now,
      writer,
      transitions,
      feed,
      world: () => world,
      desk: noDesk,
      memoryMibPerCore: async () => 2048,
      arrayTasks: () => 100_000,
      storeTrouble: () => null,
      glance: openGlance(db.pool, { version: "test", now, queuedTasks: () => 0 }),
      ...changes,
    }),
    gate,
    logger: pino({ level: process.env.WEIR_TEST_LOG ?? "silent" }),
    hosts: undefined,
    publicUrl: changes.url,
    webFolder: null,
    stopping: stopping.signal,
    checkAnswers: true,
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
      await app.close();
      await Promise.all([feed.close(), transitions.close(), writer.close()]);
      await db.close();
      await database.drop();
    },
  };
}

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

/** Adds a person to those projects and signs in: their token. */
export async function signInAs(server: TestServer, name: string, projects: string[]): Promise<string> {
  const added = await server.client().call("addPerson", { body: { name, projects } });
  if (added.kind !== "answer") throw new Error(added.problem.detail);
  const code = new URL(added.value.signInUrl).hash.replace("#code=", "");
  const signedIn = await server.client("").call("signIn", { query: { as: "token" }, body: { code } });
  if (signedIn.kind !== "answer") throw new Error(signedIn.problem.detail);
  return signedIn.value.token ?? "";
}

const localCentre = {
  id: centreId("local"),
  driver: "process",
  lifeCycle: "in-service",
  connection: "connected",
  pools: [
    {
      name: "default",
      lifeCycle: "in-service",
      cores: 8,
      memoryMib: 16_384,
      memoryMibPerCore: 2048,
      accelerators: [],
    },
  ],
} as const;

const noDesk: Parts["desk"] = {
  session: async () => 1,
  close: async () => undefined,
  sync: async () => {
    throw new Error("this test has no desk");
  },
  answers: async () => undefined,
  requestRead: async () => ({
    kind: "refused",
    refusal: { kind: "log-unavailable", words: "The centre is not connected" },
  }),
};

async function prepare({ url }: { readonly url: string }): Promise<void> {
  const db = openDatabase(url);
  await migrate(db);
  await firstStart(db, Date.now());
  const engine = {
    cores: 8,
    memoryMib: 16_384,
    memoryMibPerCore: 2048,
    accelerators: [],
    nodes: [{ name: "here", cores: 8, memoryMib: 16_384 }],
    mechanisms: { memory: "sampled" },
  };
  await db.pool.query("update centre set engine = $1, last_seen_ms = 1", [engine]);
  await db.close();
}
