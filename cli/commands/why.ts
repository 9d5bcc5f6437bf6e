import { type Call, taskOperand } from "#cli/call.ts";
import { inNetworkTime, stateText, timeText } from "#cli/formats.ts";
import { exitCodes } from "#cli/stop.ts";

/** JSON: the API's `Why`; with --what-if its `WhatIf`. */
export async function why(call: Call): Promise<number> {
  const { say } = call;
  if (call.has("what-if")) return whatIf(call);
  const { job, index } = taskOperand(call, call.operands[0] ?? "");
  const answer = await call.ask("why", { params: { job }, query: index === null ? {} : { index } });
  if (call.json) {
    await call.printJson(answer);
    return exitCodes.done;
  }
  const state = stateText(answer.state, say);
  const key = answer.state === "queued" ? "whyQueued" : answer.state === "ended" ? "whyEnded" : "whyOther";
  await call.print(`${say(key, { job: answer.task, state, words: inNetworkTime(answer.words) })}\n`);
  if (answer.candidates.length > 0) {
    await call.printTable(
      [{ title: say("columnCentre") }, { title: say("columnRule") }, { title: say("columnWords"), flexible: true }],
      answer.candidates.map(({ centre, rule, words }) => [
        centre,
        rule === null || rule === "joins-queue"
          ? { text: say(answer.rule === null ? "fits" : "hasRoom"), colour: "green" as const }
          : { text: rule, colour: "yellow" as const },
        inNetworkTime(words),
      ]),
    );
  }
  if (answer.order !== null) call.note(`${say("factOrder")}${say("colon")}${inNetworkTime(answer.order.words)}`);
  if (answer.start !== null) call.note(`${say("factStartsAt")}${say("colon")}${inNetworkTime(answer.start.words)}`);
  if (answer.candidates.some(({ score }) => score !== null)) call.note(say("scoreLegend"));
  if (answer.decidedMs !== null) call.note(say("decidedAt", { time: timeText(answer.decidedMs) }));
  return exitCodes.done;
}

async function whatIf(call: Call): Promise<number> {
  const { say } = call;
  const { job, index } = taskOperand(call, call.operands[0] ?? "");
  const answer = await call.ask("whatIf", { params: { job }, query: index === null ? {} : { index } });
  if (call.json) {
    await call.printJson(answer);
    return exitCodes.done;
  }
  await call.print(`${say("whatIf", { job: answer.task, words: inNetworkTime(answer.words) })}\n`);
  if (answer.answers.length > 0) {
    await call.printTable(
      [
        { title: say("columnChange"), flexible: true },
        { title: say("columnCentre") },
        { title: say("columnOptions"), flexible: true },
      ],
      answer.answers.map(({ changes, centre, options }) => [
        changes.map(({ words }) => words).join(say("comma")),
        centre,
        options.join(" "),
      ]),
    );
  }
  if (answer.decidedMs !== null) call.note(say("decidedAt", { time: timeText(answer.decidedMs) }));
  return exitCodes.done;
}
