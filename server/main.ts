import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { recordedWorld } from "#core/scheduling/recording.ts";
import { createWorld } from "#core/scheduling/world.ts";
import { weirHome } from "#local/home.ts";
import { openLog } from "#local/log.ts";
import { openDesk } from "#server/centres/desk.ts";
import manifest from "../package.json" with { type: "json" };
import { openControl } from "./control.ts";
import { createApp } from "./http/app.ts";
import { isStoreTrouble } from "./http/store-trouble.ts";
import { firstStart, machineEnrolment, machineToken, startLink } from "./identity/first-start.ts";
import { openGate } from "./identity/gate.ts";
import { openNetworkKey } from "./identity/network-key.ts";
import { openLeader } from "./loops/lead.ts";
import { openRecording } from "./loops/record.ts";
import { openScheduler } from "./loops/schedule.ts";
import { openTending } from "./loops/tend.ts";
import { watchStore } from "./pulse.ts";
import { createHandlers } from "./routes/handlers.ts";
import { readSettings, type Settings } from "./settings.ts";
import { migrate, openDatabase } from "./store/database.ts";
import { openFeed } from "./store/feed.ts";
import { openGlance } from "./store/read/glance.ts";
import { openNames } from "./store/read/names.ts";
import { readWorld } from "./store/read-world.ts";
import { openTransitionWriter } from "./store/transitions.ts";
import { openSubmitWriter } from "./store/writer.ts";

/**
 * The control plane, wired by hand:
 *
 *     HTTP ─ routes ─┬─ submit writer ──────┐
 *                    ├─ transition writer ──┤
 *                    ├─ desk ─ agents       ├─ PostgreSQL ─ feed ─┬─ scheduler ─ world
 *                    └─ reads ──────────────┘                     ├─ desk
 *                                                                 └─ streams of the console
 *
 * Started by local/start.ts, whose top says what passes between the two; by itself it needs DATABASE_URL alone.
 */
const log = openLog({ level: process.env.WEIR_LOG ?? "info" });
const now = Date.now;
const stopping = new AbortController();

const db = openDatabase(databaseUrl(), log);
const control = openControl(process.env.WEIR_CONTROL_FD, {
  token: (have) => machineToken(db, have, now()),
  enrolment: (centre) => machineEnrolment(db, centre, now()),
  failed: (error) => log.warn({ err: error }, "the supervisor asked for what could not be made"),
});
const settings = await settingsOf(process.env);
let started = false;
control.stop.addEventListener("abort", () => (started ? void stop() : process.exit(0)));
await prepareStore();

/** What the scheduler is told and decides is kept there as it happens, for `weir replay`. */
const recordTo = process.env.WEIR_RECORD;
const world = recordTo ? recordedWorld(openRecording(recordTo)) : createWorld();
const { snapshot, runs } = await readWorld(db, world.apply);
const feed = openFeed(db, { from: snapshot, log });
const transitions = openTransitionWriter(db, { onCommitted: feed.wake, log });
const leader = openLeader(db, transitions, { log });
const scheduler = openScheduler({ db, feed, transitions, leader, world, log });
const tending = openTending({ db, transitions, leader, log, unreachableAfterMs: settings.unreachableAfterMs });
const writer = openSubmitWriter(db, {
  log,
  onSending: scheduler.noteSubmitting,
  onCommitted: (batch) => {
    scheduler.noteSubmitted(batch);
    feed.wakeSoon();
  },
});
const desk = openDesk({ db, feed, transitions, runs, log });

const gate = openGate(db, now);
const networkKey = await openNetworkKey(join(weirHome().server.folder, "network-key.pem"), db, now());
const pulse = watchStore(db);
const handlers = createHandlers({
  db,
  names: openNames(db.pool),
  gate,
  networkKey,
  now,
  writer,
  transitions,
  feed,
  desk,
  world: () => scheduler.world,
  caughtUp: scheduler.caughtUp,
  arrayTasks: settings.arrayTasks,
  storeTrouble: pulse.trouble,
  version: manifest.version,
  glance: openGlance(db.pool, { version: manifest.version, now, queuedTasks: () => scheduler.world.counts().queued }),
});
const app = createApp({
  handlers,
  gate,
  logger: log,
  hosts: process.env.WEIR_HOSTS,
  publicUrl: process.env.WEIR_URL,
  webFolder: webFolder(),
  stopping: stopping.signal,
});
const url = await listen();
started = true;
const signInUrl = await startLink(db, process.env.WEIR_URL ?? url, now());
control.say({ ready: true, url, signInUrl });
log.info({ url, version: manifest.version }, "ready");

/** What nobody can do without: a database, its tables, and the first rows. Waits for a PostgreSQL that is starting. */
async function prepareStore(): Promise<void> {
  const patientUntilMs = now() + 60_000;
  for (let tries = 0; ; tries += 1) {
    try {
      const applied = await migrate(db);
      if (applied.length > 0) log.info({ applied }, "the tables were brought up to date");
      if (await firstStart(db, now())) log.info({}, "the network's first rows were made");
      return;
    } catch (error) {
      if (!isStoreTrouble(error) || now() > patientUntilMs)
        return refuse(`The database cannot be used: ${wordsOf(error)}.`);
      if (tries === 10) log.warn({ error: wordsOf(error) }, "the database does not answer; it is tried for a minute");
      await delay(200);
    }
  }
}

async function settingsOf(environment: NodeJS.ProcessEnv): Promise<Settings> {
  try {
    return readSettings(environment);
  } catch (error) {
    return refuse(wordsOf(error));
  }
}

async function listen(): Promise<string> {
  try {
    return await app.listen({ host: "127.0.0.1", port: weirHome().port });
  } catch (error) {
    return refuse(`The server cannot listen: ${wordsOf(error)}. Choose another port with WEIR_PORT.`);
  }
}

/** It cannot run at all: says why to whoever started it, and ends. */
async function refuse(words: string): Promise<never> {
  log.fatal({}, words);
  control.say({ refused: words });
  await control.close();
  process.exit(1);
}

/**
 * First what comes in, then what is under way, then the store: whatever was answered is durable, and whatever was not
 * is asked again by who waits for it.
 */
async function stop(): Promise<void> {
  setTimeout(() => process.exit(1), 8_000).unref();
  log.info({}, "stopping");
  stopping.abort();
  await desk.close();
  const late = setTimeout(() => app.server.closeAllConnections(), 4_000);
  await app.close();
  clearTimeout(late);
  await tending.close();
  await scheduler.close();
  await leader.close();
  await writer.close();
  await transitions.close();
  await feed.close();
  pulse.close();
  await db.close();
  await control.close();
  process.exit(0);
}

function databaseUrl(): string {
  const url = process.env.DATABASE_URL;
  if (url) return url;
  log.fatal({}, "DATABASE_URL is not set: npm start sets it, or name a PostgreSQL of your own");
  process.exit(1);
}

/** Beside the bundle in dist/, or in dist/ beside the source. */
function webFolder(): string | null {
  const folders = [join(import.meta.dirname, "web"), join(import.meta.dirname, "..", "dist", "web")];
  return folders.find((folder) => existsSync(join(folder, "index.html"))) ?? null;
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
