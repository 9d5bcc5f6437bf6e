import { type Call, taskOperand } from "#cli/call.ts";
import { exitCodes, Stop } from "#cli/stop.ts";

/** JSON: `{"cancelled": [{"job", "tasks"}], "refused": [{"job", "problem"}]}`. One that is refused keeps no other. */
export async function cancel(call: Call): Promise<number> {
  const named = call.operands.map((text) => ({ text, ...taskOperand(call, text) }));
  const reason = call.one("reason");
  const cancelled: { readonly job: string; readonly tasks: number }[] = [];
  const refused: { readonly job: string; readonly problem: unknown }[] = [];
  let worst: number = exitCodes.done;
  for (const { text, job, index } of named) {
    try {
      const body = { ...(index !== null && { index }), ...(reason !== null && { reason }) };
      const { tasks } = await call.ask("cancel", { params: { job }, body });
      cancelled.push({ job: text, tasks });
      if (!call.json)
        await call.print(`${call.say(tasks === 1 ? "cancelled" : "cancelledTasks", { job: text, tasks })}\n`);
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
