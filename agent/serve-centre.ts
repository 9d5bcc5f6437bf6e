import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { type Connection, Unreachable } from "#agent/connection.ts";
import { openReplaceable } from "#agent/contract/replaceable.ts";
import { openTester } from "#agent/contract/tester.ts";
import type { Control } from "#agent/control.ts";
import type { ServedCentre } from "#agent/drivers/open.ts";
import { beginSession, type Credential, enrol, readCredential, rotate } from "#agent/enrol.ts";
import { folderLock } from "#agent/folder-lock.ts";
import { openJournal } from "#agent/journal.ts";
import { type Clocks, keepRuns } from "#agent/keeper.ts";
import { keepAgreedDays, readLeaving } from "#agent/leaving.ts";
import { keptMs, removeOld } from "#agent/retention.ts";
import { keepInSync, pollMs, sayGoodbye } from "#agent/sync.ts";

/**
 * The agent of one centre: journal → engine's driver → keeper of runs → sync with the server, until it is told to stop
 * (status 0), fenced by a newer agent of the same centre (status 3), or without a credential (status 1).
 */
export async function serveCentre(settings: CentreSettings): Promise<number> {
  const { centre, connection, control, agentVersion, log } = settings;
  mkdirSync(centre.folder, { recursive: true, mode: 0o700 });
  const credentialPath = join(centre.folder, "credential");
  const note = (words: string, facts: object) => log.info(facts, words);
  const lock = folderLock(centre.folder);
  if (!(await takeOver())) return 0;
  const journal = openJournal(join(centre.folder, "journal"), Date.now());
  const engine = await openReplaceable(() => centre.open(note));
  const driver = engine.users;
  const keeper = keepRuns(driver, journal, clocks, note);
  const tester = openTester({ engine, agentVersion, note });
  await keeper.adopt();
  const kept = keptMs(process.env);
  const poll = pollMs(process.env);
  const cleaning = setInterval(() => {
    removeOldUnlessLeaving().then(
      (removed) => removed > 0 && note("old runs removed", { removed }),
      (error: unknown) => note("old runs are removed at the next try", { error: String(error) }),
    );
  }, 3_600_000);

  let status = 0;
  let rotateNow = false;
  let last: Parameters<typeof sayGoodbye>[1] | null = null;
  while (!control.gone.aborted) {
    const credential = await untilReached(enrolled);
    if (credential === null) break;
    const session = await untilReached(() => beginSession(connection, credential.credential, agentVersion));
    if (session === null) break;
    if (session.kind === "refused" && session.status !== 401) {
      log.warn({ status: session.status, words: session.words }, "no session; it is asked for again");
      await pause(5_000);
      continue;
    }
    if (session.kind === "refused") {
      log.warn({ status: session.status, words: session.words }, "the credential is refused; enrolling again");
      await rm(credentialPath, { force: true });
      continue;
    }
    log.info({ centre: credential.centre, session: session.session }, "session begins");
    driver.begin?.(session);
    const stop = new AbortController();
    const rotation = setTimeout(() => stop.abort(), Math.max(60_000, credential.rotateAtMs - Date.now()));
    rotateNow = false;
    const told = { credential: credential.credential, session: session.session };
    last = { ...told, agentVersion };
    const end = await keepInSync({
      connection,
      driver,
      keeper,
      ...told,
      agentVersion,
      pollMs: poll,
      signal: AbortSignal.any([control.gone, stop.signal]),
      onFirstAnswer: () => settings.onReady(),
      onRotate: () => {
        rotateNow = true;
        stop.abort();
      },
      onRetention: (days) => keepAgreedDays(centre.folder, days),
      onTest: (test) => tester.asked(test, { connection, ...told }),
      note,
    });
    clearTimeout(rotation);
    if (end.kind !== "stopped") last = null;
    if (end.kind === "fenced") {
      log.error({ words: end.words }, "fenced by a newer agent of this centre");
      status = 3;
      break;
    }
    if (end.kind === "refused") {
      log.warn(end, "sync refused");
      if (end.status === 401) await rm(credentialPath, { force: true });
      else await pause(5_000);
    }
  }
  clearInterval(cleaning);
  if (control.gone.aborted && last) await sayGoodbye(connection, last, note);
  await tester.close();
  await driver.close();
  journal.close();
  lock.release();
  log.info({ status }, "agent ends; runs go on and are adopted by the next one");
  return status;

  /** A centre that leaves keeps all for as long as was agreed for it. */
  async function removeOldUnlessLeaving(): Promise<number> {
    return readLeaving(centre.folder) === null ? removeOld(driver, journal, kept, Date.now()) : 0;
  }

  /**
   * Another agent of this folder is fenced by a session of ours, and ends at its next word with the server; nothing here
   * is read before it has. False where this one is to end first.
   */
  async function takeOver(): Promise<boolean> {
    if (lock.take()) return true;
    log.warn({ folder: centre.folder }, "another agent serves from this folder; it is fenced, and its end awaited");
    const have = readCredential(credentialPath);
    if (have !== null) await untilReached(() => beginSession(connection, have.credential, agentVersion));
    while (!control.gone.aborted) {
      if (lock.take()) return true;
      await pause(200);
    }
    return false;
  }

  /** The credential on disk, rotated when it is due, or a new one for a one-time token; null where there is neither. */
  async function enrolled(): Promise<Credential | null> {
    const have = readCredential(credentialPath);
    if (have !== null && have.rotateAtMs > Date.now() && !rotateNow) return have;
    if (have !== null) {
      const rotated = await rotate(connection, have, credentialPath, Date.now());
      if (rotated.kind === "enrolled") return rotated.credential;
      log.warn({ words: rotated.words }, "rotation refused; enrolling again");
    }
    const token = await control.enrolmentToken(centre.name);
    if (token === null && control.gone.aborted) return null;
    if (token === null) {
      log.fatal({}, "This agent has no credential. Set WEIR_ENROLMENT_TOKEN to a one-time token of its centre.");
      status = 1;
      return null;
    }
    const answer = await enrol(connection, token, credentialPath, { agentVersion, driver: driver.name }, Date.now());
    if (answer.kind === "enrolled") return answer.credential;
    throw new Unreachable(`enrolment refused: ${answer.words}`);
  }

  /** With back-off from 0.2 s to 10 s; null once the agent is to end. */
  async function untilReached<Value>(attempt: () => Promise<Value>): Promise<Value | null> {
    for (let backOffMs = 200; !control.gone.aborted; backOffMs = Math.min(10_000, backOffMs * 2)) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        log.warn({ error: error.message, againInMs: backOffMs }, "server unreachable");
        await pause(backOffMs * (1 + Math.random() / 3));
      }
    }
    return null;
  }

  async function pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: control.gone }).catch(() => {});
  }
}

export type CentreSettings = {
  readonly centre: ServedCentre;
  readonly connection: Connection;
  readonly control: Control;
  readonly agentVersion: string;
  readonly log: Logger;
  readonly onReady: () => void;
};

/** Of this machine. */
export const clocks: Clocks = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  later: (afterMs, act) => setTimeout(act, afterMs),
};
