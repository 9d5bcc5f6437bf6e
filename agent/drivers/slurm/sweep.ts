import { text } from "#agent/drivers/process/frame.ts";
import { EngineSilent, PolicyRefusal } from "./engine.ts";
import type { WeirAs } from "./weir-as.ts";

/**
 * Has what is Weir's own in a user's folder of runs removed, and the folder where it is empty then. `stays`: how many names
 * are in it still, which are the user's own, or of a run that is there.
 */
export async function sweep(helper: WeirAs, user: string): Promise<{ readonly stays: number }> {
  const frame = await helper.ask("sweep", [["user", user]]);
  if (text(frame, "ok") === "1") return { stays: Number(text(frame, "stays")) };
  const words = text(frame, "words") ?? "";
  if (text(frame, "error") === "refused") throw new PolicyRefusal(words, text(frame, "rule") ?? "");
  throw new EngineSilent(`weir-as sweep: ${words}`);
}
