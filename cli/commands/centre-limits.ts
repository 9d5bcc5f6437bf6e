import type { CentreLimits } from "#api/centre-limits.ts";
import type { Call } from "#cli/call.ts";
import { memoryText } from "#cli/formats.ts";
import { exitCodes } from "#cli/stop.ts";
import { durationWords } from "#core/measures.ts";

/** JSON: the API's `CentreLimits`. */
export async function centreLimits(call: Call): Promise<number> {
  const { say } = call;
  const answer = await call.ask("limits", { params: { centre: call.operands[0] ?? "" } });
  if (call.json) await call.printJson(answer);
  else if (answer.limits.length === 0) call.note(say("limitsNone", { centre: answer.centre }));
  else
    await call.printTable(
      [
        { title: say("columnPerson") },
        { title: say("columnProject") },
        { title: say("columnMostRunning"), align: "right" },
        { title: say("columnSubmitted"), align: "right" },
        { title: say("columnMostTime"), align: "right" },
        { title: say("columnTogether"), flexible: true },
        { title: say("columnTogetherMinutes"), flexible: true },
        { title: say("columnFairShare"), align: "right" },
      ],
      answer.limits.map((one) => [
        one.person?.name ?? say("limitsWhichever"),
        one.project?.name ?? say("limitsWhichever"),
        one.mostRunning === null ? "–" : `${one.mostRunning}`,
        one.mostSubmitted === null ? `${one.submitted}` : `${one.submitted}/${one.mostSubmitted}`,
        one.mostTimeS === null ? "–" : durationWords(one.mostTimeS * 1000, call.language),
        one.together.map(mostText).join(say("comma")) || "–",
        one.togetherMinutes.map(({ name, most }) => `${name} ${most}`).join(say("comma")) || "–",
        one.fairShare === null ? "–" : one.fairShare.toFixed(3),
      ]),
    );
  return exitCodes.done;
}

function mostText({ name, most }: CentreLimits["limits"][number]["together"][number]): string {
  return name === "mem" ? `${name} ${memoryText(most)}` : `${name} ${most}`;
}
