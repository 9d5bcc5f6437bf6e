import { homedir } from "node:os";
import { isAbsolute, join, normalize } from "node:path";

/**
 * Where one instance of Weir keeps everything: the one answer shared by the supervisor, the server, the agent and the
 * CLI. `WEIR_HOME`, else `/var/lib/weir` for root and `~/.local/share/weir` for anyone else. Throws an `Error` whose
 * message can be shown as it is when WEIR_HOME or WEIR_PORT cannot be used. Touches no file.
 *
 * `XDG_DATA_HOME` is deliberately not honoured: it is set in some sessions of a user and not in others (cron, ssh, su),
 * and then `weir` would look for its server in a folder where there is none. WEIR_HOME is the one way to say otherwise.
 */
export function weirHome(environment: Environment = process.env, uid: number = process.getuid?.() ?? -1): WeirHome {
  const folder = homeFolder(environment, uid);
  const inside = (...parts: readonly string[]) => join(folder, ...parts);
  return {
    folder,
    port: portOf(environment),
    lock: inside("lock"),
    token: inside("token"),
    postgres: { folder: inside("postgres"), data: inside("postgres", "data"), run: inside("postgres", "run") },
    server: { folder: inside("server") },
    agent: { folder: inside("agent") },
    launcher: {
      folder: inside("launcher"),
      socket: inside("launcher", "launcher.sock"),
    },
    runs: inside("runs"),
    log: {
      folder: inside("log"),
      server: inside("log", "server.log"),
      agent: inside("log", "agent.log"),
      postgres: inside("log", "postgres.log"),
      launcher: inside("log", "launcher.log"),
    },
  };
}

export type WeirHome = {
  readonly folder: string;
  /** 127.0.0.1's port; 0 lets the kernel pick one (the address is then in the lock and in what is printed). */
  readonly port: number;
  /** Who holds this home: read it with `readHolder` of local/lock.ts. */
  readonly lock: string;
  /** The administrator's token for `weir`, one line, 0600, owned by whoever ran `npm start`. */
  readonly token: string;
  readonly postgres: { readonly folder: string; readonly data: string; readonly run: string };
  readonly server: { readonly folder: string };
  readonly agent: { readonly folder: string };
  readonly launcher: { readonly folder: string; readonly socket: string };
  readonly runs: string;
  readonly log: {
    readonly folder: string;
    readonly server: string;
    readonly agent: string;
    readonly postgres: string;
    readonly launcher: string;
  };
};

type Environment = Readonly<Record<string, string | undefined>>;

export const defaultPort = 8470;

function homeFolder(environment: Environment, uid: number): string {
  const asked = environment.WEIR_HOME;
  if (asked === undefined || asked === "") {
    return uid === 0 ? "/var/lib/weir" : join(environment.HOME || homedir(), ".local", "share", "weir");
  }
  // A relative path would mean one folder to `npm start` (which changes to the repository) and another to `weir`.
  if (!isAbsolute(asked)) throw new Error(`WEIR_HOME must be an absolute path, not ${JSON.stringify(asked)}.`);
  if (asked.includes("\n")) throw new Error("WEIR_HOME must not contain a line break.");
  const folder = normalize(asked).replace(/\/+$/, "");
  if (folder === "") throw new Error("WEIR_HOME must not be the root folder: name a folder of Weir's own.");
  return folder;
}

function portOf(environment: Environment): number {
  const asked = environment.WEIR_PORT;
  if (asked === undefined || asked === "") return defaultPort;
  const port = Number(asked);
  if (!/^\d{1,5}$/.test(asked) || port > 65_535) {
    throw new Error(`WEIR_PORT must be a number from 1 to 65535, or 0 for any free one, not ${JSON.stringify(asked)}.`);
  }
  return port;
}
