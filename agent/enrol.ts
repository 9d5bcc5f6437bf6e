import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import type { Connection } from "#agent/connection.ts";
import { enrolAnswer, sessionAnswer } from "#api/agent.ts";

/** What proves which centre this is: kept in the agent's own folder, 0600, and replaced as a whole. */
export type Credential = { readonly centre: string; readonly credential: string; readonly rotateAtMs: number };

export type Enrolled =
  | { readonly kind: "enrolled"; readonly credential: Credential }
  | { readonly kind: "refused"; readonly words: string };

/**
 * The one-time token becomes the centre's credential; the token is of no use afterwards. The credential is made here and
 * on disk before it is sent: an answer that is lost, or an agent that ends before it came, would else cost the token.
 */
export async function enrol(
  connection: Connection,
  token: string,
  path: string,
  who: { readonly agentVersion: string; readonly driver: string },
  nowMs: number,
): Promise<Enrolled> {
  const wanted = `${path}.wanted`;
  const credential = readText(wanted) ?? `weir-centre-${randomBytes(32).toString("base64url")}`;
  await write(wanted, credential);
  const answer = await connection.post("/agent/enrol", { token, ...who, credential }, null, 15_000);
  if (answer.kind === "refused") {
    if (answer.problem === "enrolment-token-spent") await rm(wanted, { force: true });
    return { kind: "refused", words: answer.words };
  }
  const enrolled = await keep(path, answer.body, nowMs);
  await rm(wanted, { force: true });
  return { kind: "enrolled", credential: enrolled };
}

/** A new credential for the old one; the old one stays good until the new one was used. */
export async function rotate(connection: Connection, old: Credential, path: string, nowMs: number): Promise<Enrolled> {
  const answer = await connection.post("/agent/credential", {}, old.credential, 15_000);
  if (answer.kind === "refused") return { kind: "refused", words: answer.words };
  return { kind: "enrolled", credential: await keep(path, answer.body, nowMs) };
}

/** Begins a session; every older one of this centre is fenced from now on (R7). */
export async function beginSession(
  connection: Connection,
  credential: string,
  agentVersion: string,
): Promise<
  | { readonly kind: "session"; readonly session: number; readonly mark: string }
  | { readonly kind: "refused"; readonly status: number; readonly words: string }
> {
  const answer = await connection.post("/agent/session", { agentVersion }, credential, 15_000);
  if (answer.kind === "refused") return answer;
  return { kind: "session", ...sessionAnswer.parse(answer.body) };
}

export function readCredential(path: string): Credential | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Credential;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new Error(`${path} is not a credential. Remove it to enrol again.`, { cause: error });
  }
}

async function keep(path: string, body: unknown, nowMs: number): Promise<Credential> {
  const { centre, credential, rotateAfterMs } = enrolAnswer.parse(body);
  const kept: Credential = { centre, credential, rotateAtMs: nowMs + rotateAfterMs };
  await write(path, JSON.stringify(kept));
  return kept;
}

/** Whole or not at all, and on disk when it resolves. */
async function write(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, "w", 0o600);
  await file.writeFile(text);
  await file.sync();
  await file.close();
  await rename(`${path}.new`, path);
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
