import type { JobSummary } from "#api/job.ts";
import { badValue, type Call } from "#cli/call.ts";
import { elapsedText, inNetworkTime, stateCell, timeCell, timeText, timeTitle } from "#cli/formats.ts";
import { periodAsked } from "#cli/moments.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import type { Cell, Column } from "#cli/table.ts";
import type { Say } from "#cli/words.ts";
import { endedByWords } from "#core/job/end-reason.ts";
import { slurmState } from "#core/job/slurm-states.ts";
import type { Language } from "#core/language.ts";

/** JSON: `{"jobs": [JobSummary…], "next": cursor | null}`. */
export async function jobs(call: Call): Promise<number> {
  const nowMs = Date.now();
  const columns = columnsAsked(call);
  const period = periodAsked(call, nowMs);
  const query = {
    ...stateAsked(call),
    project: call.one("project"),
    person: await personAsked(call),
    name: call.one("name"),
    centre: call.one("centre"),
    label: labelAsked(call),
    submittedFromMs: period.fromMs,
    submittedToMs: period.toMs,
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
    await call.printTable(
      columns.map(({ title, looks }) => ({ title: call.has("no-header") ? "" : title(call.say), ...looks })),
      found.map((job) => columns.map(({ cell }) => cell(job, call, nowMs))),
    );
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
    const own = meant[at] === null && said[key] !== null ? [said[key]] : [];
    const found = new Set([...meant.flatMap((one) => (one !== null && key in one ? Object.values(one) : [])), ...own]);
    if (found.size > 1) {
      const [one, other] = [`--state ${said.state}`, `--outcome ${said.outcome}`];
      throw new Stop(exitCodes.usage, call.say("onlyOneOf", { one, other }));
    }
    return found.values().next().value ?? null;
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

type Shown = {
  readonly title: (say: Say) => string;
  readonly looks?: Omit<Column, "title">;
  readonly cell: (job: JobSummary, call: Call, nowMs: number) => Cell;
};

/** By the names that --format takes. */
export const jobColumns = {
  id: { title: (say) => say("columnId"), looks: { align: "right" }, cell: ({ id }) => `${id}` },
  name: { title: (say) => say("columnName"), looks: { flexible: true }, cell: ({ name }) => name },
  project: { title: (say) => say("columnProject"), looks: { leaves: 2 }, cell: ({ project }) => project },
  person: { title: (say) => say("columnPerson"), looks: { leaves: 3 }, cell: ({ person }) => person },
  state: {
    title: (say) => say("columnState"),
    cell: (job, { say }) => stateCell(job.array === null ? job : withoutCode(job), say),
  },
  tasks: {
    title: (say) => say("columnTasks"),
    looks: { align: "right", leaves: 5 },
    cell: ({ array, counts, tasks }) => (array === null ? "" : `${counts.ended}/${tasks}`),
  },
  centre: { title: (say) => say("columnCentre"), cell: ({ centres }, { say }) => centres.join(say("comma").trim()) },
  submitted: {
    title: (say) => timeTitle("columnSubmitted", say),
    looks: { leaves: 1 },
    cell: ({ submittedMs }) => timeCell(submittedMs),
  },
  started: { title: (say) => timeTitle("columnStarted", say), cell: ({ startedMs }) => momentCell(startedMs) },
  ended: { title: (say) => timeTitle("columnEnded", say), cell: ({ endedMs }) => momentCell(endedMs) },
  elapsed: {
    title: (say) => say("columnStartToEnd"),
    looks: { align: "right", leaves: 4 },
    cell: (job, { language }, nowMs) => elapsedText(job, nowMs, language),
  },
  exitcode: {
    title: (say) => say("columnExitCode"),
    looks: { align: "right" },
    cell: ({ array, outcome }) => (array === null && outcome?.exitCode != null ? `${outcome.exitCode}` : ""),
  },
  reason: {
    title: (say) => say("columnReason"),
    looks: { flexible: 24 },
    cell: (job, { language }) => inNetworkTime(reasonText(job, language)),
  },
} as const satisfies Record<string, Shown>;

const usual = [
  "id",
  "name",
  "project",
  "person",
  "state",
  "tasks",
  "centre",
  "submitted",
  "elapsed",
  "reason",
] as const;

/** What was asked for stays, however narrow the terminal is. */
function columnsAsked(call: Call): readonly Shown[] {
  const format = call.one("format");
  if (format === null) return usual.map((name) => jobColumns[name]);
  return format.split(",").map((said) => {
    const name = said.trim().toLowerCase();
    if (!isColumn(name))
      throw badValue(
        call.say,
        "--format",
        said,
        call.say("expectedColumns", { names: Object.keys(jobColumns).join(",") }),
      );
    const { title, cell } = jobColumns[name];
    return { title, cell };
  });
}

function isColumn(name: string): name is keyof typeof jobColumns {
  return Object.hasOwn(jobColumns, name);
}

function momentCell(atMs: number | null): string {
  return atMs === null ? "" : timeCell(atMs);
}

/** What it waits for, or who or what ended it. */
function reasonText({ waits, outcome }: JobSummary, language: Language): string {
  return outcome === null ? (waits?.words ?? "") : endedByWords(outcome, language);
}

/** That of the first task to fail says nothing of the others. */
function withoutCode(job: JobSummary): JobSummary {
  return { ...job, outcome: job.outcome && { ...job.outcome, exitCode: null, signal: null } };
}
