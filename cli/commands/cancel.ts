import type { Answer } from "#api/client.ts";
import { type Call, taskOperand } from "#cli/call.ts";
import { timeText } from "#cli/formats.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { parseArray } from "#core/job/array.ts";
import { phrase, phraseWords } from "#core/job/phrase.ts";

/**
 * JSON: `{"cancelled": [{"job", "tasks", "ended", "asked", "endedBefore"}], "refused": [{"job", "problem"}]}`. One that is
 * refused keeps no other.
 */
export async function cancel(call: Call): Promise<number> {
  const named = call.operands.flatMap((text) => tasksNamed(call, text));
  const reason = call.one("reason");
  const cancelled: (Answer<"cancel"> & { readonly job: string })[] = [];
  const refused: { readonly job: string; readonly problem: unknown }[] = [];
  let worst: number = exitCodes.done;
  for (const { text, job, index } of named) {
    try {
      const body = { ...(index !== null && { index }), ...(reason !== null && { reason }) };
      const done = await call.ask("cancel", { params: { job }, body });
      cancelled.push({ job: text, ...done });
      if (!call.json) await call.print(`${doneText(done, text, call)}\n`);
      if (!call.json && done.asked > 0) await noteAway(call, { job, text });
    } catch (error) {
      if (!(error instanceof Stop) || error.problem === null || error.exitCode === exitCodes.notSignedIn) throw error;
      refused.push({ job: text, problem: error.problem });
      call.note(`weir: ${text}: ${error.message}`);
      worst = Math.max(worst, error.exitCode);
    }
  }
  if (call.json) await call.printJson({ cancelled, refused });
  return worst;
}

/** What was asked to end at a centre that is away hears of it later. */
async function noteAway({ ask, note, say }: Call, { job, text }: Pick<Named, "job" | "text">): Promise<void> {
  const { centres, unreachableSinceMs } = await ask("job", { params: { job } });
  if (unreachableSinceMs === null) return;
  note(
    say("warning", {
      words: say("askedAway", { job: text, centre: centres.join(say("comma")), time: timeText(unreachableSinceMs) }),
    }),
  );
}

type Named = { readonly text: string; readonly job: number; readonly index: number | null };

/** `12`, `12_7`, and as scancel has it several tasks of one array: `12_[1-3,7]`. */
function tasksNamed(call: Call, text: string): readonly Named[] {
  const [, job, indices] = /^([1-9]\d{0,15})_\[(.*)\]$/.exec(text) ?? [];
  if (job === undefined || indices === undefined) return [{ text, ...taskOperand(call, text) }];
  const several = parseArray(indices, mostTasks);
  if (several.kind === "refused" && several.refusal.kind === "too-large")
    throw new Stop(exitCodes.usage, call.say("cancelTooMany", { task: text, most: mostTasks, job }));
  // A list of tasks has no throttle.
  const wrong =
    several.kind === "refused"
      ? several.refusal.kind === "bad-array" && several.refusal.because
      : several.array.throttle !== null && phrase("not-an-index", { word: indices });
  if (wrong)
    throw new Stop(
      exitCodes.usage,
      call.say("cancelWrong", { task: text, because: phraseWords(wrong, call.language) }),
    );
  if (several.kind === "refused") return [{ text, ...taskOperand(call, text) }];
  const all: Named[] = [];
  for (const { first, last, step } of several.array.ranges)
    for (let index = first; index <= last; index += step)
      all.push({ text: `${job}_${index}`, ...taskOperand(call, `${job}_${index}`) });
  return all;
}

/** Each is a request of its own. */
const mostTasks = 1000;

/** What waited has ended; what is under way is only asked to, and may end by itself before. */
function doneText({ tasks, ended, asked, endedBefore }: Answer<"cancel">, job: string, { say }: Call): string {
  if (tasks === 1 && endedBefore === 0) return say(asked === 1 ? "askedToEnd" : "cancelled", { job });
  if (ended === tasks && endedBefore === 0) return say("cancelledTasks", { job, tasks });
  const parts = [
    ...(ended > 0 ? [say("cancelledWaiting", { count: ended })] : []),
    ...(asked > 0 ? [say("cancelledUnderWay", { count: asked })] : []),
    ...(endedBefore > 0 ? [say("cancelledBefore", { count: endedBefore })] : []),
  ];
  return `${say("cancelled", { job })}${say("colon")}${parts.join(say("semicolon"))}`;
}
