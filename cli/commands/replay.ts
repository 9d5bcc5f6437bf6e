import { readFileSync } from "node:fs";
import type { Call } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { replayRecording } from "#core/scheduling/recording.ts";

/** JSON: what `replayRecording` answers. Needs no server. Status 1 where a plan came out otherwise. */
export async function replay(call: Call): Promise<number> {
  const { say } = call;
  const path = call.operands[0] ?? "";
  const replayed = replayRecording(textOf(call, path));
  if (call.json) await call.printJson(replayed);
  switch (replayed.kind) {
    case "unreadable":
      throw new Stop(exitCodes.usage, say("replayUnreadable", { path, line: `${replayed.line}` }));
    case "other-format":
      throw new Stop(exitCodes.usage, say("replayOtherFormat", { path, format: `${replayed.format}` }));
    case "equal": {
      const { events, decisions, placements } = replayed;
      const counts = { events: `${events}`, decisions: `${decisions}`, placements: `${placements}` };
      if (!call.json) await call.print(`${say("replayEqual", counts)}\n`);
      if (replayed.cut) call.note(say("warning", { words: say("replayCut") }));
      return exitCodes.done;
    }
    case "differs": {
      const { line, recorded, replayed: again } = replayed;
      const words = say("replayDiffers", {
        line: `${line}`,
        recorded: near(recorded, again),
        replayed: near(again, recorded),
      });
      if (!call.json) await call.print(`${words}\n`);
      return exitCodes.failed;
    }
  }
}

function textOf(call: Call, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Stop(exitCodes.usage, call.say("simulateNotRead", { path, words: fileTroubleWords(error, call.say) }));
  }
}

/** The text from shortly before the place where it is another. */
function near(text: string, other: string): string {
  let at = 0;
  while (at < text.length && text[at] === other[at]) at += 1;
  const from = Math.max(0, at - 60);
  return `${from > 0 ? "…" : ""}${text.slice(from, at + 120)}${at + 120 < text.length ? "…" : ""}`;
}
