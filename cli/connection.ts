import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { exitCodes, Stop } from "#cli/stop.ts";
import type { Terminal } from "#cli/terminal.ts";
import type { Say } from "#cli/words.ts";
import { type WeirHome, weirHome } from "#local/home.ts";

export type Connection = { readonly url: string; readonly token: string | null };

/**
 * Which server, and as whom: `--server`, WEIR_SERVER, the login file, else the server of this machine's home. A token
 * goes to no other server than the one it belongs to: WEIR_TOKEN to the one named beside it, the login's to the login's,
 * the home's to the one that holds the home.
 */
export function connectionFor(asked: string | null, terminal: Terminal, say: Say): Connection {
  const { environment } = terminal;
  const named = asked ?? (environment.WEIR_SERVER || null);
  const login = readLogin(environment);
  const home = homeOf(terminal);
  const local = localUrl(home);
  const url = named === null ? (login?.url ?? local) : parseUrl(named, asked ? "--server" : "WEIR_SERVER", say);
  if (environment.WEIR_TOKEN) return { url, token: environment.WEIR_TOKEN };
  if (login && login.url === url) return login;
  return { url, token: url === local ? readToken(home, say) : null };
}

/** `https://weir.example` of what was typed; a path, as of a sign-in link, is dropped. */
export function parseUrl(text: string, option: string, say: Say): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url && /^https?:$/.test(url.protocol) && url.hostname !== "") return url.origin;
  throw new Stop(
    exitCodes.usage,
    say("badValue", { option, value: JSON.stringify(text), expected: say("expectedUrl") }),
  );
}

export type Login = { readonly url: string; readonly token: string };

export function loginFile(environment: Terminal["environment"]): string {
  const folder = environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), ".config");
  return join(folder, "weir", "login.json");
}

export function readLogin(environment: Terminal["environment"]): Login | null {
  const text = readIfThere(loginFile(environment));
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("url" in value) || !("token" in value)) return null;
    const { url, token } = value;
    return typeof url === "string" && typeof token === "string" ? { url, token } : null;
  } catch {
    // Half a file is no login; `weir login` writes a new one.
    return null;
  }
}

function homeOf({ environment, uid }: Terminal): WeirHome {
  try {
    return weirHome(environment, uid);
  } catch (error) {
    throw new Stop(exitCodes.usage, error instanceof Error ? error.message : String(error));
  }
}

/** What the holder of the home says, else the home's own port. */
function localUrl(home: WeirHome): string {
  const held = /"url":"(http:\/\/[\w.:[\]-]+)"/.exec(readIfThere(home.lock) ?? "");
  return held?.[1] ?? `http://127.0.0.1:${home.port}`;
}

function readToken(home: WeirHome, say: Say): string | null {
  try {
    return readFileSync(home.token, "utf8").trim() || null;
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR")) return null;
    if (isCode(error, "EACCES")) throw new Stop(exitCodes.notSignedIn, say("tokenUnreadable", { path: home.token }));
    throw error;
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT", "ENOTDIR", "EACCES")) return null;
    throw error;
  }
}

export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && typeof error.code === "string" && codes.includes(error.code);
}
