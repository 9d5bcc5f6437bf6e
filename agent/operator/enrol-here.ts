import { existsSync, readFileSync } from "node:fs";
import { connect, Unreachable } from "#agent/connection.ts";
import { enrol } from "#agent/enrol.ts";
import { forgetLeaving } from "#agent/leaving.ts";
import { agentVersion } from "#agent/run-agent.ts";
import type { Given } from "./given.ts";
import { say } from "./say.ts";
import { becomeAgent, credentialIn, keepServerUrl, mayBeAgent } from "./settings.ts";

/** A one-time token becomes this centre's credential, kept in the agent's folder and readable by the agent alone. */
export async function enrolHere(given: Given): Promise<number> {
  const url = checkedUrl(given.operands[0] ?? "");
  mayBeAgent(given.environment);
  const token = readToken(given.one("token-file"));
  keepServerUrl(url);
  const folder = becomeAgent(given.environment);
  const path = credentialIn(folder);
  if (existsSync(path) && !given.has("again")) throw new Error(say("enrolledAlready", { path, url }));
  const connection = connect(url, given.environment);
  try {
    const driver = given.environment.WEIR_DRIVER || "process";
    const answer = await enrol(connection, token, path, { agentVersion, driver }, Date.now());
    if (answer.kind === "refused") throw new Error(say("tokenRefused", { url, words: answer.words }));
    forgetLeaving(folder);
    given.print(say("enrolled", { centre: answer.credential.centre, url }));
    return 0;
  } catch (error) {
    if (error instanceof Unreachable) throw new Error(say("behindProxy", { words: error.message }));
    throw error;
  } finally {
    connection.close();
  }
}

function checkedUrl(text: string): string {
  if (/^https?:\/\/[^/\s]+\/?$/.test(text) && URL.canParse(text)) return text.replace(/\/$/, "");
  throw new Error(say("noAddress", { text }));
}

/** Never an argument, which every user of the machine could read. */
function readToken(file: string | null): string {
  if (file === null && process.stdin.isTTY) process.stderr.write(`${say("tokenPrompt")}\n`);
  const token = readFileSync(file ?? 0, "utf8").trim();
  if (token === "") throw new Error(say("noToken"));
  return token;
}
