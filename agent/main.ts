import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { type Connection, connect, Unreachable } from "#agent/connection.ts";
import { type Control, openControl } from "#agent/control.ts";
import { openProcessDriver } from "#agent/drivers/process/driver.ts";
import { beginSession, type Credential, enrol, readCredential, rotate } from "#agent/enrol.ts";
import { openJournal } from "#agent/journal.ts";
import { type Clocks, keepRuns } from "#agent/keeper.ts";
import { keptMs, removeOld } from "#agent/retention.ts";
import { keepInSync } from "#agent/sync.ts";
import { weirHome } from "#local/home.ts";

/**
 * The agent of one centre: journal → engine's driver → keeper of runs → sync with the server. It opens no port, takes
 * no code from the server, and knows neither prices nor other centres.
 */
const agentVersion = "0.1.0";
const log = pino({ name: "weir-agent" });

const home = weirHome();
const control = openControl(process.env);
const serverUrl = process.env.WEIR_SERVER_URL;
if (serverUrl === undefined)
  throw new Error("WEIR_SERVER_URL is not set: the address of the network's server, such as https://weir.example");

mkdirSync(home.agent.folder, { recursive: true, mode: 0o700 });
const credentialPath = join(home.agent.folder, "credential");
const connection = connect(serverUrl);
const journal = openJournal(join(home.agent.folder, "journal"), Date.now());
const driver = await openProcessDriver(process.env, (words, facts) => log.info(facts, words));
const clocks: Clocks = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  later: (afterMs, act) => setTimeout(act, afterMs),
};
const note = (words: string, facts: object) => log.info(facts, words);
const keeper = keepRuns(driver, journal, clocks, note);
await keeper.adopt();
const kept = keptMs(process.env);
const cleaning = setInterval(() => {
  removeOld(driver, journal, kept, Date.now()).then(
    (removed) => removed > 0 && note("old runs removed", { removed }),
    (error: unknown) => note("old runs are removed at the next try", { error: String(error) }),
  );
}, 3_600_000);

let status = 0;
while (!control.gone.aborted) {
  const credential = await untilReached(() => enrolled(connection, control));
  if (credential === null) break;
  const session = await untilReached(() => beginSession(connection, credential.credential));
  if (session === null) break;
  if (session.kind === "refused") {
    log.warn({ status: session.status, words: session.words }, "the credential is refused; enrolling again");
    await forgetCredential();
    continue;
  }
  log.info({ centre: credential.centre, session: session.session }, "session begins");
  const stop = new AbortController();
  const rotation = setTimeout(() => stop.abort(), Math.max(60_000, credential.rotateAtMs - Date.now()));
  const end = await keepInSync({
    connection,
    driver,
    keeper,
    credential: credential.credential,
    session: session.session,
    agentVersion,
    signal: AbortSignal.any([control.gone, stop.signal]),
    onFirstAnswer: () => control.ready(),
    note,
  });
  clearTimeout(rotation);
  if (end.kind === "fenced") {
    log.error({ words: end.words }, "fenced by a newer agent of this centre");
    status = 3;
    break;
  }
  if (end.kind === "refused") {
    log.warn(end, "sync refused");
    if (end.status === 401) await forgetCredential();
    else await pause(5_000);
  }
}
clearInterval(cleaning);
await driver.close();
journal.close();
connection.close();
control.close();
log.info({ status }, "agent ends; runs go on and are adopted by the next one");
process.exit(status);

/** The credential on disk, rotated when it is due, or a new one for a one-time token. */
async function enrolled(to: Connection, from: Control): Promise<Credential> {
  const kept = readCredential(credentialPath);
  if (kept !== null && kept.rotateAtMs > Date.now()) return kept;
  if (kept !== null) {
    const rotated = await rotate(to, kept, credentialPath, Date.now());
    if (rotated.kind === "enrolled") return rotated.credential;
    log.warn({ words: rotated.words }, "rotation refused; enrolling again");
  }
  const token = await from.enrolmentToken();
  if (token === null)
    throw new Error("This agent has no credential. Set WEIR_ENROLMENT_TOKEN to a one-time token of its centre.");
  const answer = await enrol(to, token, credentialPath, { agentVersion, driver: driver.name }, Date.now());
  if (answer.kind === "enrolled") return answer.credential;
  throw new Unreachable(`enrolment refused: ${answer.words}`);
}

async function forgetCredential(): Promise<void> {
  await rm(credentialPath, { force: true });
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
