import * as z from "zod";
import { type Frame, text } from "#agent/drivers/process/frame.ts";
import type { WeirAs } from "./weir-as.ts";

/** What a hook of the site's own answered (P5). */
export type Made =
  | { readonly kind: "made"; readonly user: string; readonly account: string | null; readonly qos: string | null }
  | { readonly kind: "not-made"; readonly words: string };

/** Of what a hook prints: the local user, and what its runs are submitted with. */
const hookOutput = z.object({
  user: z.string().optional(),
  account: z.string().nullish(),
  qos: z.string().nullish(),
  words: z.string().optional(),
});

/** By hook, or a refusal with the hook's own words. What a later hook leaves out stands as it was. */
export async function runHook(
  helper: WeirAs,
  name: string,
  input: string,
  before?: Pick<Extract<Made, { kind: "made" }>, "user" | "account" | "qos">,
): Promise<Made> {
  const frame = await helper.ask("hook", [
    ["name", name],
    ["input", input],
  ]);
  const not = (words: string): Made => ({ kind: "not-made", words: `${name}: ${words}` });
  if (text(frame, "ok") !== "1") return not(text(frame, "words") ?? "refused");
  const output = outputOf(frame);
  const exit = Number(text(frame, "exit") ?? 1);
  if (exit !== 0) return not(output?.words ?? `it ended with status ${exit}`);
  const user = output?.user ?? before?.user;
  if (!user) return not("it named no user");
  const account = output?.account ?? before?.account ?? null;
  return { kind: "made", user, account, qos: output?.qos ?? before?.qos ?? null };
}

function outputOf(frame: Frame): z.infer<typeof hookOutput> | null {
  try {
    return hookOutput.parse(JSON.parse(text(frame, "output") || "{}"));
  } catch {
    return null;
  }
}

/** Those that the site's policy names. */
export async function hooksOf(helper: WeirAs): Promise<readonly string[]> {
  const frame = await helper.ask("hello", []);
  return (frame.get("hook") ?? []).map(String);
}
