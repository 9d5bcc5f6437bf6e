import type { Answer } from "#api/client.ts";
import { type Call, taskOperand } from "#cli/call.ts";
import { exitCodes, Stop } from "#cli/stop.ts";

/**
 * JSON: `{"cancelled": [{"job", "tasks", "ended", "asked", "endedBefore"}], "refused": [{"job", "problem"}]}`. One that is
 * refused keeps no other.
 */
export async function cancel(call: Call): Promise<number> {
  const named = call.operands.map((text) => ({ text, ...taskOperand(call, text) }));
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
