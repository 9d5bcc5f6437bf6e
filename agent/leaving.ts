import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { mostRetentionDays } from "#core/centre/terms.ts";

/**
 * A centre that leaves, at its own site: since when, and for how many days what of the network lies here is kept. Files in
 * the agent's folder, so that it holds where neither server nor agent is there any more.
 */
const leaving = z.strictObject({
  sinceMs: z.int(),
  days: z.int().min(0),
  /** `folders-gone`: in users' folders nothing is left to do; accounts, tokens and the agent's own records are next. */
  state: z.enum(["kept", "folders-gone"]),
});
export type Leaving = z.infer<typeof leaving>;

const dayMs = 86_400_000;

export function goesMs({ sinceMs, days }: Pick<Leaving, "sinceMs" | "days">): number {
  return sinceMs + days * dayMs;
}

/** null: it does not leave. */
export function readLeaving(folder: string): Leaving | null {
  return read(join(folder, leavingFile), leaving);
}

export function putLeaving(folder: string, next: Leaving): void {
  write(join(folder, leavingFile), next);
}

/** It has left, or does not leave after all. */
export function forgetLeaving(folder: string): void {
  rmSync(join(folder, leavingFile), { force: true });
}

const leavingFile = "leaving.json";
const agreed = z.strictObject({ retentionDays: z.int().min(0).max(mostRetentionDays) });

/** The retention by the centre's terms, as the network last told it; null: it has told none. */
export function readAgreedDays(folder: string): number | null {
  return read(join(folder, agreedFile), agreed)?.retentionDays ?? null;
}

export function keepAgreedDays(folder: string, retentionDays: number): void {
  write(join(folder, agreedFile), { retentionDays });
}

/** Beside the journal. */
export const agreedFile = "agreed.json";

function read<Value>(path: string, form: z.ZodType<Value>): Value | null {
  if (!existsSync(path)) return null;
  const parsed = form.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function write(path: string, value: object): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value)}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
