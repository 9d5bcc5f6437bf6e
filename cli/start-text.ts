import type { Answer } from "#api/client.ts";
import type { Call } from "#cli/call.ts";
import { timeCell, timeText } from "#cli/formats.ts";

/** `2026-11-23 12:30:00 +08:00 (nine in ten by 2026-11-23 14:00:00, …, as learnt from 37 such starts at alpha)`. */
export function startText({ say }: Pick<Call, "say">, start: NonNullable<Answer<"why">["start"]>): string {
  const { earliestMs, likelyMs, latestMs, centre, seen, from } = start;
  const isSure = latestMs !== null && latestMs - earliestMs < 60_000;
  if (latestMs === null || isSure)
    return say("beside", { words: timeText(likelyMs), more: say(`startBy_${from}`, { centre }) });
  const range = say("startBetween", { from: timeCell(earliestMs), to: timeCell(latestMs) });
  const learnt = seen === 0 ? say(`startBy_${from}`, { centre }) : say("startLearnt", { seen: `${seen}`, centre });
  return say("beside", { words: timeText(likelyMs), more: `${range}${say("clause")}${learnt}` });
}
