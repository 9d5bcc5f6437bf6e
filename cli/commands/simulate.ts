import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { readDescriptions } from "#agent/drivers/simulated/description.ts";
import type { Call } from "#cli/call.ts";
import { gradeText, runTest } from "#cli/commands/centre-test.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { everyPage } from "#cli/pages.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { weirHome } from "#local/home.ts";

/**
 * Registers the centres of a description file where they are missing, and runs one agent for all of them until Ctrl-C
 * or the end of this process. No JSON of its own: what it does is told as it goes.
 */
export async function simulate(call: Call): Promise<number> {
  const path = resolve(call.terminal.folder, call.operands[0] ?? "");
  const described = readCentres(call, path);
  const onTrial = await register(call, described);
  const folder = resolve(call.terminal.folder, call.one("state") ?? join(homeFolder(call), "simulated"));
  mkdirSync(join(folder, "log"), { recursive: true, mode: 0o700 });
  const log = join(folder, "log", "agent.log");
  const agent = startAgent(call, path, folder, log);
  const ended = new Promise<number>((done) => agent.once("exit", (status) => done(status ?? 1)));
  const names = described.map(({ id }) => id);
  const ready = serveControl(call, agent).then(async () => {
    await call.print(`${call.say("simulateReady", { count: names.length, centres: names.join(call.say("comma")) })}\n`);
    if (call.has("test"))
      await Promise.all(onTrial.map(async (id) => call.print(`${gradeText(call, await runTest(call, id))}\n`)));
    call.note(call.say("simulateStop"));
  });
  const failed = ready.then(
    () => ended,
    (error: unknown) => ({ error }),
  );
  const first: number | { readonly error: unknown } = await Promise.race([ended, failed]);
  if (typeof first === "number") {
    if (first !== 0) call.note(call.say("simulateEnded", { status: first, log }));
    return first === 0 ? exitCodes.done : exitCodes.failed;
  }
  agent.kill("SIGTERM");
  await ended;
  throw first.error;
}

type Described = { readonly id: string; readonly title: string | null; readonly regionCode: string | null };

/** All of the file is looked at as its agent will, and what the server would refuse, before any of it is registered. */
function readCentres(call: Call, path: string): readonly Described[] {
  const wrong = (words: string) => new Stop(exitCodes.usage, call.say("simulateNotJson", { path, words }));
  const read = readDescriptions(
    textOf(path, (error) => wrong(fileTroubleWords(error, call.say))),
    call.language,
  );
  if (read.kind === "not-json")
    throw wrong(call.say("simulateSyntax", { words: fileTroubleWords(read.cause, call.say) }));
  if (read.kind === "wrong") throw wrong(call.say("simulateFields", { words: read.words }));
  return [...read.centres].map(([id, { title = null, regionCode = null }]) => ({ id, title, regionCode }));
}

function textOf(path: string, trouble: (error: unknown) => Stop): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw trouble(error);
  }
}

function text(value: unknown, name: string): string | null {
  if (typeof value !== "object" || value === null) return null;
  const found = new Map<string, unknown>(Object.entries(value)).get(name);
  return typeof found === "string" ? found : null;
}

/** Answers those that are on trial. */
async function register(call: Call, described: readonly Described[]): Promise<readonly string[]> {
  const known = await everyPage(
    (cursor) => call.ask("centres", { query: { limit: 1000, ...cursor } }),
    (page) => page.centres,
  );
  for (const { id } of described) {
    const other = known.find((centre) => centre.id === id && centre.driver !== "simulated");
    if (other) throw new Stop(exitCodes.usage, call.say("simulateOtherDriver", { centre: id, driver: other.driver }));
    if (known.some((centre) => centre.id === id && centre.intake === "left"))
      throw new Stop(exitCodes.refused, call.say("simulateLeft", { centre: id }));
  }
  const onTrial: string[] = [];
  for (const { id, title, regionCode } of described) {
    const have = known.find((centre) => centre.id === id);
    if (!have) {
      const named = { ...(title !== null && { name: title }), ...(regionCode !== null && { regionCode }) };
      await call.ask("addCentre", { body: { id, driver: "simulated", ...named } });
      call.note(call.say("simulateAdded", { centre: id }));
    }
    if (!have || have.lifeCycle === "trial") onTrial.push(id);
  }
  return onTrial;
}

function homeFolder(call: Call): string {
  return weirHome(call.terminal.environment, call.terminal.uid).folder;
}

/** Its control channel is the supervisor's (local/start.ts): it ends when this process does. */
function startAgent(call: Call, path: string, folder: string, log: string): ChildProcess {
  const bundle = join(import.meta.dirname, "agent.mjs");
  const program = existsSync(bundle) ? bundle : join(import.meta.dirname, "..", "..", "agent", "main.ts");
  const { PATH = "/usr/bin:/bin", LANG = "C.UTF-8", TZ } = call.terminal.environment;
  const output = openSync(log, "a", 0o600);
  const agent = spawn(process.execPath, [program], {
    cwd: "/",
    stdio: ["ignore", output, output, "pipe"],
    env: {
      PATH,
      LANG,
      ...(TZ !== undefined && { TZ }),
      WEIR_HOME: folder,
      WEIR_CONTROL_FD: "3",
      WEIR_DRIVER: "simulated",
      WEIR_SIMULATION: path,
      WEIR_SERVER_URL: call.connection().url,
    },
  });
  closeSync(output);
  return agent;
}

/** Hands out enrolment tokens; resolves once every centre has been answered by the server. */
function serveControl(call: Call, agent: ChildProcess): Promise<void> {
  const control = agent.stdio[3];
  if (!(control instanceof Socket)) throw new Error("no control channel");
  const ready = Promise.withResolvers<void>();
  control.on("error", () => undefined);
  let isReady = false;
  createInterface({ input: control }).on("line", (line) => {
    const said: unknown = JSON.parse(line);
    if (typeof said !== "object" || said === null) return;
    if ("ready" in said) {
      isReady = true;
      ready.resolve();
    }
    const centre = "want" in said && said.want === "enrolment" ? text(said, "centre") : null;
    if (centre === null) return;
    call.ask("addEnrolment", { params: { centre }, body: {} }).then(
      ({ token }) => control.write(`${JSON.stringify({ enrolment: token, centre })}\n`),
      (error: unknown) => {
        ready.reject(error);
        // The others are served on.
        if (isReady) call.note(`${centre}: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
  });
  return ready.promise;
}
