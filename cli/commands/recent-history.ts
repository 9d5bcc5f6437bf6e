import { NoAnswer } from "#api/client.ts";
import { type Call, unreachable } from "#cli/call.ts";
import { countedLogs } from "#cli/commands/trace-logs.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { historyText, parseHistory } from "#simulator/history.ts";
import type { SwfLog } from "#simulator/swf.ts";

export type RecentHistory = { readonly logs: readonly SwfLog[]; readonly days: number };

/** What ran on the network, of what was submitted in the last days: those of `--days`, else 30. Administrators alone may. */
export async function recentHistory(call: Call): Promise<RecentHistory> {
  const days = call.number("days", 1) ?? 30;
  const sinceMs = Date.now() - days * 86_400_000;
  try {
    const { centres, runs } = await runsSince(call, sinceMs);
    if (runs.length === 0) throw new Stop(exitCodes.failed, call.say("policyNoHistory", { days }));
    call.note(call.say("policyOwnHistory", { days, tasks: runs.length }));
    const text = [...historyText(centres, runs)].join("");
    const { url } = call.connection();
    return { logs: countedLogs(call, parseHistory(Buffer.from(text), url), url), days };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const { exitCode, message } = unreachable(error, call.say);
    throw new Stop(exitCode, `${message}\n${call.say("policyNoTrace")}`);
  }
}

/** The newest first, as long as they are of that time: numbers of jobs rise with their submissions, but for those of one moment. */
async function runsSince(call: Call, sinceMs: number) {
  const query = { limit: 10_000, order: "newest" } as const;
  let page = await call.ask("exportHistory", { query });
  const { centres } = page;
  const runs = [];
  for (;;) {
    const its = page.runs.filter(({ submittedMs }) => submittedMs >= sinceMs);
    runs.push(...its);
    if (page.next === null || (page.runs.at(-1)?.submittedMs ?? 0) < sinceMs) return { centres, runs };
    page = await call.ask("exportHistory", { query: { ...query, cursor: page.next } });
  }
}
