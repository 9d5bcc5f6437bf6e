import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { build } from "esbuild";

/**
 * For tests of the supervisor: a folder laid out like the repository, with the real start.mjs and PostgreSQL, and with
 * stand-ins for server, agent and launcher that keep the contract and write what happens to them into `marks`.
 */
export async function makeStage(): Promise<Stage> {
  const repository = dirname(dirname(import.meta.dirname));
  // Not tmpdir(): the system users have to reach it, and tests may be given a private one.
  const folder = mkdtempSync("/var/tmp/weir-stage-");
  chmodSync(folder, 0o755);
  for (const part of ["dist", "agent/launcher"]) mkdirSync(join(folder, part), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  await build({
    entryPoints: ["local/start.ts", "local/stand-ins/server.ts", "local/stand-ins/agent.ts"],
    entryNames: "[name]",
    outdir: join(folder, "dist"),
    outExtension: { ".js": ".mjs" },
    absWorkingDir: repository,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["pg-native"],
    banner: { js: 'import{createRequire as r}from"node:module";const require=r(import.meta.url);' },
    logLevel: "error",
  });
  copyFileSync(join(import.meta.dirname, "launcher.pl"), join(folder, "agent", "launcher", "weir-launcher"));
  const scripts = { start: "exec node dist/start.mjs" };
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "stage", version: "0.0.0", type: "module", scripts }),
  );
  const marks = join(folder, "marks");
  writeFileSync(marks, "");
  chmodSync(marks, 0o666);
  const running = new Set<Instance>();
  const path = `${dirname(process.execPath)}:${process.env.PATH}`;
  return {
    folder,
    home: (name) => join(folder, `home-${name}`),
    marks: () => readFileSync(marks, "utf8").trim().split("\n"),
    clearMarks: () => writeFileSync(marks, ""),
    start: (command, home, more = {}) => {
      const environment = {
        ...process.env,
        PATH: path,
        WEIR_HOME: home,
        WEIR_PORT: "0",
        WEIR_JOB_USERS: "2",
        WEIR_TEST_MARKS: marks,
        ...more,
      };
      const words = command === "npm" ? ["npm", "start"] : ["node", join(folder, "dist", "start.mjs")];
      const instance = run(words, folder, environment);
      running.add(instance);
      void instance.ended.then(() => running.delete(instance));
      return instance;
    },
    killAll: async () => {
      for (const { child } of running) child.kill("SIGKILL");
      await Promise.all([...running].map(({ ended }) => ended));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export type Stage = {
  readonly folder: string;
  readonly home: (name: string) => string;
  readonly marks: () => readonly string[];
  readonly clearMarks: () => void;
  /** With any free port and two job users, unless `more` says otherwise. */
  readonly start: (command: "npm" | "node", home: string, more?: Readonly<Record<string, string>>) => Instance;
  /** What a failed test left, so that the next one has its homes to itself. */
  readonly killAll: () => Promise<void>;
  readonly remove: () => void;
};

export type Instance = {
  readonly child: ChildProcess;
  /** All it has said, on both streams. */
  readonly said: () => string;
  /** Resolves with the match once it has said so; rejects when it ends first. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly ended: Promise<number | NodeJS.Signals>;
};

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Starts a command as from a terminal of its own, without what npm and Node have put into our environment. */
export function run(words: readonly string[], cwd: string, environment: NodeJS.ProcessEnv): Instance {
  const [command = "", ...args] = words;
  const env = Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(npm_|NODE_)|^DATABASE_URL$/.test(name)),
  );
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let over = false;
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("exit", (status, signal) => {
      over = true;
      resolve(signal ?? status ?? -1);
      for (const listener of listeners) listener();
    });
  });
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(said);
        if (match === null && !over) return;
        listeners.delete(look);
        if (match === null) reject(new Error(`It ended without saying ${pattern}. It said:\n${said}`));
        else resolve(match);
      };
      listeners.add(look);
      look();
    });
  return { child, said: () => said, says, ended };
}
