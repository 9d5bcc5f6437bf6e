import type { Call } from "#cli/call.ts";
import { timeCell, timeTitle } from "#cli/formats.ts";
import { exitCodes, Stop } from "#cli/stop.ts";

/** JSON: the API's `CentreAccounts`. */
export async function centreAccounts(call: Call): Promise<number> {
  const { say } = call;
  const params = { centre: call.operands[0] ?? "" };
  const [[first = null, ...others], project] = [call.all("person"), call.one("project")];
  if (first === null && project !== null) throw new Stop(exitCodes.usage, say("accountsProjectAlone"));
  const ask = (person: string | null) =>
    person === null
      ? call.ask("accounts", { params })
      : call.ask("askAccounts", { params, body: { person, ...(project !== null && { project }) } });
  let answer = await ask(first);
  // Each answer is of all who are asked for.
  for (const person of others) answer = await ask(person);
  if (call.json) await call.printJson(answer);
  else if (!answer.needed) call.note(say("accountsNotNeeded", { centre: answer.centre }));
  else
    await call.printTable(
      [
        { title: say("columnPerson") },
        { title: say("columnProject") },
        { title: say("columnAtCentre") },
        { title: say("columnAccount") },
        { title: timeTitle("columnSince", say) },
      ],
      answer.accounts.map((one) => [
        one.person.name,
        one.project.name,
        `person:${one.person.id},project:${one.project.id}`,
        say(one.answered ? `readiness_${one.readiness}` : "readinessUnanswered"),
        timeCell(one.sinceMs),
      ]),
    );
  return exitCodes.done;
}
