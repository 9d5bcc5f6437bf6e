import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type KeptDatabase, keepDatabase } from "./database.ts";
import type { WeirHome } from "./home.ts";
import type { Installation } from "./installation.ts";
import type { ProgramIdentity } from "./lock.ts";
import { type ControlLine, keepRunning, type Program, type ProgramOrder } from "./program.ts";
import type { SystemUser } from "./users.ts";
import { tell } from "./words.ts";

/**
 * Runs one instance: PostgreSQL, launcher, server, agent, each started when what it needs is ready, each started again
 * when it ends. Their contract is at the top of local/start.ts. `run` resolves with the exit status once all has ended.
 */
export class Supervisor {
  readonly #setting: SupervisorSetting;
  readonly #programs = new Map<ProgramName, Program>();
  readonly #readySteps = new Map<ProgramName, () => string>();
  /** Those that are ready now, and those that have been. */
  readonly #ready = new Set<ProgramName>();
  readonly #everReady = new Set<ProgramName>();
  readonly #failures = new Map<ProgramName, number>();
  readonly #hasten = new AbortController();
  readonly #ended = Promise.withResolvers<number>();
  #database: KeptDatabase | null = null;
  #databaseUrl: string | null;
  #url: string | null = null;
  #signInUrl: string | null = null;
  #signedIn = false;
  #enrolmentWanted = false;
  #announced = false;
  #stoppingSinceMs: number | null = null;

  constructor(setting: SupervisorSetting) {
    this.#setting = setting;
    this.#databaseUrl = setting.databaseUrl;
  }

  run(): Promise<number> {
    this.#begin("launcher");
    this.#beginDatabase().then(
      () => this.#begin("server"),
      (error: unknown) => this.#giveUp(error instanceof Error ? error.message : String(error)),
    );
    return this.#ended.promise;
  }

  /**
   * Ctrl-C comes twice, from the terminal and through npm, so a second request within a second is the same one; a later
   * one ends what is still there at once.
   */
  requestStop(): void {
    if (this.#stoppingSinceMs === null) void this.#stop(0);
    else if (performance.now() - this.#stoppingSinceMs > 1000) this.#hasten.abort();
  }

  async #beginDatabase(): Promise<void> {
    const { home, parts, users, say } = this.#setting;
    if (parts.postgres === null) return say(tell("outsideDatabase", { place: placeOf(this.#databaseUrl ?? "") }));
    const step = stopwatch();
    const settings = {
      binaries: parts.postgres,
      data: home.postgres.data,
      run: home.postgres.run,
      log: home.log.postgres,
      user: users?.server ?? null,
      onInitialise: () => say(tell("makingDatabase")),
    };
    const database = await keepDatabase(settings, say);
    this.#database = database;
    this.#databaseUrl = database.url;
    if (this.#stoppingSinceMs !== null) await database.stop("cleanly");
    else say(tell("databaseReady", { took: step() }));
  }

  #begin(name: ProgramName): void {
    if (this.#stoppingSinceMs !== null) return;
    this.#readySteps.set(name, stopwatch());
    const program = keepRunning(this.#order(name), {
      onLine: (line) => this.#heard(name, line),
      onEnd: (how, delayMs) => this.#programEnded(name, how, delayMs),
      onChange: () => this.#writeLock(),
    });
    this.#programs.set(name, program);
    this.#writeLock();
  }

  #order(name: ProgramName): ProgramOrder {
    const { home, parts, users } = this.#setting;
    const log = home.log[name];
    const environment = () => this.#environment(name);
    switch (name) {
      case "server":
        return {
          command: parts.node,
          args: [parts.server],
          user: users?.server ?? null,
          log,
          environment,
        };
      case "agent": {
        // It makes little garbage: a small young generation saves 6 MiB.
        const args = ["--max-semi-space-size=1", parts.agent];
        return { command: parts.node, args, user: users?.agent ?? null, log, environment };
      }
      case "launcher": {
        const asRoot =
          users === null
            ? []
            : [
                "--agent",
                `${users.agent.uid}:${users.agent.gid}`,
                "--job-uids",
                users.jobs.map(({ uid }) => uid).join(","),
              ];
        return { command: "perl", args: [parts.launcher, ...asRoot], user: null, log, environment };
      }
    }
  }

  #environment(name: ProgramName): Readonly<Record<string, string>> {
    const { home, users, environment } = this.#setting;
    const common = {
      ...inherited(environment),
      ...(users === null || name === "launcher" ? {} : { HOME: home[name].folder }),
      WEIR_HOME: home.folder,
      WEIR_CONTROL_FD: "3",
    };
    switch (name) {
      case "launcher":
        return common;
      case "server":
        // Once it had a port it keeps it: the agent and whoever was told the address go on using it.
        return {
          ...common,
          WEIR_PORT: this.#url === null ? `${home.port}` : new URL(this.#url).port,
          DATABASE_URL: this.#databaseUrl ?? "",
        };
      case "agent":
        return {
          ...common,
          WEIR_SERVER_URL: this.#url ?? "",
          WEIR_CENTRE: "local",
          WEIR_LAUNCHER_SOCKET: home.launcher.socket,
        };
    }
  }

  #heard(name: ProgramName, line: ControlLine): void {
    if (line.refused !== null)
      this.#giveUp(tell("programRefused", { program: tell(`program_${name}`), words: line.refused }));
    if (line.ready) this.#isReady(name, line);
    if (name === "server" && line.token !== null) this.#keepToken(line.token);
    if (name === "server" && line.enrolment !== null) {
      this.#enrolmentWanted = false;
      this.#programs.get("agent")?.send({ enrolment: line.enrolment });
    }
    if (name === "agent" && line.want === "enrolment") {
      this.#enrolmentWanted = true;
      if (this.#ready.has("server")) this.#programs.get("server")?.send({ want: "enrolment", centre: "local" });
    }
    this.#announce();
  }

  #isReady(name: ProgramName, line: ControlLine): void {
    const step = this.#readySteps.get(name)?.() ?? "";
    const program = tell(name === "agent" ? "readyAgent" : `program_${name}`);
    this.#setting.say(tell(this.#everReady.has(name) ? "programAgain" : "programReady", { program, took: step }));
    this.#ready.add(name);
    this.#everReady.add(name);
    if (name !== "server" || line.url === null) return;
    const first = this.#url === null;
    this.#url = line.url;
    this.#signInUrl = line.signInUrl;
    this.#writeLock();
    const server = this.#programs.get("server");
    const have = readToken(this.#setting.home);
    server?.send({ want: "token", ...(have === null ? {} : { have }) });
    if (this.#enrolmentWanted) server?.send({ want: "enrolment", centre: "local" });
    if (first) this.#begin("agent");
  }

  #keepToken(token: string): void {
    const { home } = this.#setting;
    if (readToken(home) !== token) {
      rmSync(`${home.token}.new`, { force: true });
      writeFileSync(`${home.token}.new`, `${token}\n`, { mode: 0o600, flag: "wx", flush: true });
      renameSync(`${home.token}.new`, home.token);
    }
    chmodSync(home.token, 0o600);
    this.#signedIn = true;
  }

  /** The address, once everything behind it works. */
  #announce(): void {
    const { say } = this.#setting;
    if (this.#announced || !this.#signedIn || this.#stoppingSinceMs !== null) return;
    if (!(["launcher", "server", "agent"] as const).every((name) => this.#everReady.has(name))) return;
    this.#announced = true;
    const signIn = this.#signInUrl === null ? "" : `${tell("signIn", { url: this.#signInUrl })}\n`;
    const running = tell("running", { url: `${this.#url}`, took: seconds(process.uptime() * 1000) });
    // In one piece, for whoever waits for the first line and then reads the second.
    say(`\n${running}\n${signIn}${tell("signedIn")}\n`);
  }

  #programEnded(name: ProgramName, how: string, delayMs: number): void {
    const { home, say } = this.#setting;
    this.#ready.delete(name);
    const failures = (this.#failures.get(name) ?? 0) + 1;
    this.#failures.set(name, failures);
    if (!this.#everReady.has(name) && failures >= 3) {
      const log = home.log[name];
      this.#giveUp(tell("programNeverReady", { program: tell(`program_${name}`), how, log, lines: lastLines(log) }));
      return;
    }
    say(tell("programEnded", { program: tell(`program_${name}`), how, seconds: delayMs / 1000 }));
  }

  #giveUp(words: string): void {
    if (this.#stoppingSinceMs !== null) return;
    process.stderr.write(`weir: ${words}\n`);
    void this.#stop(1);
  }

  /** What uses goes before what is used. The launcher goes last; the runs it started go on, to be adopted. */
  async #stop(status: number): Promise<void> {
    this.#stoppingSinceMs = performance.now();
    this.#setting.say(status === 0 ? `\n${tell("stoppingJobs")}` : tell("stopping"));
    const step = stopwatch();
    await this.#end(this.#programs.get("agent"));
    await this.#end(this.#programs.get("server"));
    await this.#end(this.#database);
    await this.#end(this.#programs.get("launcher"));
    if (status === 0) this.#setting.say(tell("stopped", { took: step() }));
    this.#ended.resolve(status);
  }

  async #end(part: { readonly stop: (how: "cleanly" | "now") => Promise<void> } | null | undefined): Promise<void> {
    if (part === null || part === undefined) return;
    const now = () => void part.stop("now");
    this.#hasten.signal.addEventListener("abort", now);
    await part.stop(this.#hasten.signal.aborted ? "now" : "cleanly");
    this.#hasten.signal.removeEventListener("abort", now);
  }

  #writeLock(): void {
    const programs = [...this.#programs].flatMap(([name, program]) => {
      const identity = program.identity();
      return identity === null ? [] : [{ ...identity, name }];
    });
    this.#setting.writeLock({ url: this.#url, programs });
  }
}

export type SupervisorSetting = {
  readonly home: WeirHome;
  readonly parts: Installation;
  /** Null: everything as the caller. */
  readonly users: SupervisorUsers | null;
  /** The user's own PostgreSQL; null for the embedded one. */
  readonly databaseUrl: string | null;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly writeLock: (facts: { readonly url: string | null; readonly programs: readonly ProgramIdentity[] }) => void;
  readonly say: (words: string) => void;
};

export type SupervisorUsers = {
  readonly server: SystemUser;
  readonly agent: SystemUser;
  readonly jobs: readonly SystemUser[];
};

/** Of an address of a database: what may be shown of it. */
function placeOf(url: string): string {
  if (!URL.canParse(url)) return "which is no URL";
  const { hostname, port, pathname, searchParams } = new URL(url);
  return `${hostname || (searchParams.get("host") ?? "localhost")}${port && `:${port}`}${pathname}`;
}

type ProgramName = "launcher" | "server" | "agent";

/** What the programs get of the caller's environment: nothing of npm's, no secret of the command line's. */
export function inherited(environment: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const plain = ["HOME", "LANG", "TZ", "TMPDIR", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS"];
  const kept = Object.entries(environment).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    return (
      value !== undefined &&
      (plain.includes(name) || name.startsWith("LC_") || (name.startsWith("WEIR_") && name !== "WEIR_TOKEN"))
    );
  });
  const path = (environment.PATH ?? "")
    .split(":")
    .filter((folder) => folder.startsWith("/") && !folder.includes("node_modules"));
  const usual = ["/usr/local/bin", "/usr/bin", "/bin"].filter((folder) => !path.includes(folder));
  return { ...Object.fromEntries(kept), PATH: [...path, ...usual].join(":") };
}

function readToken(home: WeirHome): string | null {
  return existsSync(home.token) ? readFileSync(home.token, "utf8").trim() || null : null;
}

function lastLines(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").slice(-20).join("\n") : "(nothing)";
}

/** Started now; when called says how long it took, " (1.2 s)". */
export function stopwatch(): () => string {
  const beganMs = performance.now();
  return () => seconds(performance.now() - beganMs);
}

function seconds(ms: number): string {
  return tell("took", { seconds: (ms / 1000).toFixed(1) });
}
