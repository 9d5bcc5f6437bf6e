import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentUser, paths } from "#agent/install/texts.ts";
import { weirHome } from "#local/home.ts";
import { say } from "./say.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the unit gives to the agent, for whoever types `weir-agent` on a machine where it is installed: the settings in
 * /etc/weir/agent.env and the agent's own folder. What is set in the environment already goes first.
 */
export function installedEnvironment(own: Environment): Environment {
  if (!existsSync(paths.settings)) return own;
  return { WEIR_HOME: paths.state, ...parseSettings(readFileSync(paths.settings, "utf8")), ...own };
}

/** Lines of NAME=value, as systemd reads them in an EnvironmentFile; quotes around the whole value are left out. */
export function parseSettings(text: string): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const match = /^\s*([A-Za-z_]\w*)=(.*?)\s*$/.exec(line);
    if (match?.[1] !== undefined) settings[match[1]] = (match[2] ?? "").replace(/^(["'])(.*)\1$/, "$2");
  }
  return settings;
}

/** The text with that one setting in the place of its line, or before the others. */
export function withSetting(text: string, name: string, value: string): string {
  const line = `${name}=${value}`;
  const at = new RegExp(`^${name}=.*$`, "m");
  if (at.test(text)) return text.replace(at, () => line);
  const lines = text.split("\n");
  const first = lines.findIndex((one) => !one.startsWith("#"));
  return [...lines.slice(0, Math.max(0, first)), line, ...lines.slice(Math.max(0, first))].join("\n");
}

/** Kept for the agent's next start; false where nothing is installed and the agent gets its settings from elsewhere. */
export function keepServerUrl(url: string): boolean {
  if (!existsSync(paths.settings)) return false;
  const text = readFileSync(paths.settings, "utf8");
  writeFileSync(`${paths.settings}.new`, withSetting(text, "WEIR_SERVER_URL", url), { mode: 0o644 });
  renameSync(`${paths.settings}.new`, paths.settings);
  return true;
}

/**
 * The agent's own folder, and from here on this process is the agent's user where root typed the word: what it writes
 * is then the agent's, and it can do no more than the agent can. There is no way back.
 */
export function becomeAgent(environment: Environment): string {
  const folder = weirHome(environment).agent.folder;
  mayBeAgent(environment);
  if (isInstalled(environment) && process.getuid?.() === 0) {
    process.setgroups?.([agentUser]);
    process.setgid?.(agentUser);
    process.setuid?.(agentUser);
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Throws with words for whoever is neither root nor the agent's user, where the agent is installed. */
export function mayBeAgent(environment: Environment, uid = process.getuid?.()): void {
  if (!isInstalled(environment)) return;
  const state = statSync(paths.state, { throwIfNoEntry: false });
  if (state === undefined) throw new Error(say("stateAbsent", { path: paths.state }));
  if (uid !== 0 && uid !== state.uid) throw new Error(say("asRootOnly"));
}

function isInstalled({ WEIR_HOME }: Environment): boolean {
  return WEIR_HOME === paths.state;
}

export const credentialIn = (folder: string): string => join(folder, "credential");
