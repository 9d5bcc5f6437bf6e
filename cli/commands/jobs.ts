import type { JobSummary } from "#api/job.ts";
import { badValue, type Call } from "#cli/call.ts";
import { elapsedText, inNetworkTime, stateCell, timeCell, timeText, timeTitle } from "#cli/formats.ts";
import { timeOption } from "#cli/moments.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { endedByWords } from "#core/job/end-reason.ts";
import { slurmState } from "#core/job/slurm-states.ts";
import type { Language } from "#core/language.ts";

/** JSON: `{"jobs": [JobSummary…], "next": cursor | null}`. */
export async function jobs(call: Call): Promise<number> {
  const nowMs = Date.now();
  const query = {
    ...stateAsked(call),
    project: call.one("project"),
    person: await personAsked(call),
    name: call.one("name"),
    centre: call.one("centre"),
    label: labelAsked(call),
    submittedFromMs: timeOption(call, "since", nowMs),
    submittedToMs: timeOption(call, "until", nowMs),
  };
  const asked = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== null));
  const limit = call.number("limit", 1);
  const wanted = call.has("all") ? Number.POSITIVE_INFINITY : (limit ?? (call.json ? 100 : 30));
  const found: JobSummary[] = [];
  let next = call.one("cursor");
  do {
    const page = await call.ask("jobs", {
      query: { ...asked, limit: Math.min(1000, wanted - found.length), ...(next !== null && { cursor: next }) },
    });
    found.push(...page.jobs);
    next = page.next;
  } while (next !== null && found.length < wanted);

  if (call.json) await call.printJson({ jobs: found, next });
  else if (found.length === 0) call.note(call.say("noJobs"));
  else {
    await printJobs(call, found, nowMs);
    for (const { id, centres, state, unreachableSinceMs } of found)
      if (unreachableSinceMs !== null && state !== "ended")
        call.note(
          call.say("jobsUnreachable", {
            id,
            centre: centres.join(call.say("comma")),
            time: timeText(unreachableSinceMs),
          }),
        );
  }
  if (next !== null && !call.json) call.note(call.say("moreOfList", { next }));
  return exitCodes.done;
}

/** As one word of Slurm's may be a state here or an outcome, both options understand both. */
function stateAsked(call: Call): { readonly state: string | null; readonly outcome: string | null } {
  const said = { state: call.one("state"), outcome: call.one("outcome") };
  const meant = [said.state, said.outcome].map((word) => (word === null ? null : slurmState(word)));
  const of = (key: "state" | "outcome", at: number) => {
    const found = meant.flatMap((one) => (one !== null && key in one ? Object.values(one) : []));
    return found[0] ?? (meant[at] === null ? said[key] : null);
  };
  return { state: of("state", 0), outcome: of("outcome", 1) };
}

async function personAsked(call: Call): Promise<string | null> {
  const user = call.one("user");
  if (!call.has("me")) return user;
  if (user !== null) throw new Stop(exitCodes.usage, call.say("onlyOneOf", { one: "--me", other: "--user" }));
  return (await call.ask("me")).person.name;
}

function labelAsked(call: Call): string | null {
  const label = call.one("label");
  if (label !== null && !/^[^=]+=/.test(label)) throw badValue(call.say, "--label", label, call.say("expectedPair"));
  return label;
}

async function printJobs(
  { say, printTable, language }: Call,
  found: readonly JobSummary[],
  nowMs: number,
): Promise<void> {
  await printTable(
    [
      { title: say("columnId"), align: "right" },
      { title: say("columnName"), flexible: true },
      { title: say("columnProject"), leaves: 2 },
      { title: say("columnPerson"), leaves: 3 },
      { title: say("columnState") },
      { title: say("columnTasks"), align: "right", leaves: 5 },
      { title: say("columnCentre") },
      { title: timeTitle("columnSubmitted", say), leaves: 1 },
      { title: say("columnStartToEnd"), align: "right", leaves: 4 },
      { title: say("columnReason"), flexible: 24 },
    ],
    found.map((job) => [
      `${job.id}`,
      job.name,
      job.project,
      job.person,
      stateCell(job.array === null ? job : withoutCode(job), say),
      job.array === null ? "" : `${job.counts.ended}/${job.tasks}`,
      job.centres.join(","),
      timeCell(job.submittedMs),
      elapsedText(job, nowMs, language),
      inNetworkTime(reasonText(job, language)),
    ]),
  );
}

/** What it waits for, or who or what ended it. */
function reasonText({ waits, outcome }: JobSummary, language: Language): string {
  return outcome === null ? (waits?.words ?? "") : endedByWords(outcome, language);
}

/** That of the first task to fail says nothing of the others. */
function withoutCode(job: JobSummary): JobSummary {
  return { ...job, outcome: job.outcome && { ...job.outcome, exitCode: null, signal: null } };
}
