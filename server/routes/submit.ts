import type { Submitted as SubmittedView } from "#api/job.ts";
import { limits } from "#api/limits.ts";
import { specView } from "#api/spec-view.ts";
import { jobId, type TenantId, tenantId } from "#core/ids.ts";
import { type AdmitContext, type Admitted, admit } from "#core/job/admit.ts";
import { arrayText } from "#core/job/array.ts";
import { admitBulk } from "#core/job/bulk.ts";
import { demandsOf } from "#core/job/demands.ts";
import { dependencyText } from "#core/job/dependency.ts";
import { type Phrase, type PhraseKind, phrase, phraseWords } from "#core/job/phrase.ts";
import { type JobSpec, taskCount } from "#core/job/spec.ts";
import type { Language } from "#core/language.ts";
import type { Asker, EverFit } from "#core/scheduling/explanation.ts";
import type { World } from "#core/scheduling/world.ts";
import { assert } from "#core/unreachable.ts";
import { answer, type Handlers, type Idempotency, type Refused, refused, type Verbatim } from "#server/http/handler.ts";
import type { Person } from "#server/identity/caller.ts";
import type { Database } from "#server/store/database.ts";
import { findDependencies } from "#server/store/find-dependencies.ts";
import { findKeyAmong } from "#server/store/find-keys.ts";
import { readNeverMet } from "#server/store/read/never-met.ts";
import { candidateView } from "#server/store/read/runs.ts";
import type { AdmittedJob, Submitted } from "#server/store/submission.ts";
import type { TransitionWriter } from "#server/store/transitions.ts";
import type { SubmitWriter } from "#server/store/writer.ts";
import { foretell, lookAllowance } from "./foretold.ts";
import { mayCancel } from "./jobs.ts";
import { outlookOf, wouldGetView } from "./quote.ts";
import { saidView, withMemory } from "./said.ts";
import { startView } from "./start-view.ts";
import { visibleJob } from "./visible.ts";
import { waitingWords } from "./why.ts";
import { writtenNotes } from "./written.ts";

/** What makes and ends jobs. All rules are core's; here they are asked in order, and the writer is told. */
export function submitHandlers(context: SubmitContext): Pick<Handlers, SubmitRoute> {
  const { db, writer, world } = context;
  const admitContext = (caller: Person): AdmitContext => ({
    defaultProject: caller.projects[0]?.name ?? null,
    projects: caller.projects,
    classes: world().policy(),
    centres: world().centres(),
    limits: { ...limits, arrayTasks: context.arrayTasks },
    nowMs: context.now(),
  });

  const notesView = (id: number, spec: JobSpec, notes: readonly Phrase[], language: Language): string[] =>
    [...notes, ...writtenNotes(spec, id, world())].map((one) => phraseWords(one, language));
  const mayLook = lookAllowance(() => performance.now());
  /** In a project without grants, of a job without a deadline, nothing more is looked at. */
  const foretoldOf = (spec: JobSpec, asker: Asker, quote: Parameters<typeof foretell>[2]) =>
    foretell(spec, allowedTo(world(), asker, spec), quote, () =>
      mayLook(() => world().explainNew(spec.shape, spec.centres, context.now(), asker).estimate),
    );

  return {
    async submit({ caller, body, idempotency, language }) {
      const admitted = admit(body, admitContext(caller));
      if (admitted.kind === "refused") return (await firstAnswer(db, caller, idempotency, admitted)) ?? admitted;
      const asker = askerOf(caller, admitted.spec);
      const outlook = outlookOf(world(), admitted.spec, asker);
      if (outlook.kind === "refused") return outlook;
      const fits = await warned(db, pinned(admitted, outlook));
      const { job, project, tenant } = ownJob(caller, fits);
      const { spec, defaults, notes } = fits;
      const warnings = [...fits.warnings, ...foretoldOf(spec, asker, outlook.quote).warnings];
      const view: Omit<SubmittedView, "id" | "quote" | "notes"> = {
        name: spec.name,
        tasks: taskCount(spec.array),
        project,
        state: "queued",
        ...saidView({ defaults: withMemory(defaults, outlook.memory), warnings }, language),
      };
      // Text from here on: hundreds of these wait for their commit at once.
      const afterId = `${JSON.stringify(view).slice(1, -1)},"quote":${outlook.quoteJson}}`;
      const done = await writer.submit({
        tenant,
        person: caller.id,
        idempotency,
        jobs: [job],
        status: 201,
        answer: ([id = 0]) => `{"id":${id},"notes":${JSON.stringify(notesView(id, spec, notes, language))},${afterId}`,
      });
      return committed(done);
    },

    async submitBulk({ caller, body, idempotency, language }) {
      const admitted = admitBulk(body.jobs, admitContext(caller));
      if (admitted.kind === "refused")
        return (await firstAnswer(db, caller, idempotency, admitted)) ?? at(admitted, admitted.position);
      const fitted: Fitted[] = [];
      for (const [position, one] of admitted.jobs.entries()) {
        const before = fitted.at(-1);
        // What is one with the job before it asks for the same.
        if (before?.admitted === one) {
          fitted.push(before);
          continue;
        }
        const asker = askerOf(caller, one.spec);
        const outlook = outlookOf(world(), one.spec, asker);
        if (outlook.kind === "refused") return at(outlook, position);
        const fits = await warned(db, pinned(one, outlook));
        const own = ownJob(caller, fits);
        if (before && own.tenant !== before.tenant) {
          const words = phrase("tenants-differ");
          return at(refused({ kind: "invalid-request", issues: [{ path: "project", words }] }), position);
        }
        const { spec, defaults, notes } = fits;
        const warnings = [...fits.warnings, ...foretoldOf(spec, asker, outlook.quote).warnings];
        const said = { name: spec.name, tasks: taskCount(spec.array), ...saidView({ defaults, warnings }, language) };
        fitted.push({ ...own, admitted: one, said, notes: (id) => notesView(id, spec, notes, language) });
      }
      const [first] = fitted;
      assert(first !== undefined, "a bulk has at least one job");
      const done = await writer.submit({
        tenant: first.tenant,
        person: caller.id,
        idempotency,
        jobs: fitted.map(({ job }) => job),
        status: 201,
        answer: (ids) =>
          JSON.stringify({
            jobs: fitted.map(({ said: { name, tasks, warnings }, notes }, position) => ({
              id: ids[position],
              key: body.jobs[position]?.key ?? null,
              name,
              tasks,
              warnings,
              notes: notes(ids[position] ?? 0),
            })),
          }),
      });
      return committed(done);
    },

    async dryRun({ caller, body, language }) {
      const admitted = admit(body, admitContext(caller));
      if (admitted.kind === "refused") return admitted;
      const asker = askerOf(caller, admitted.spec);
      const outlook = outlookOf(world(), admitted.spec, asker);
      if (outlook.kind === "refused") return outlook;
      const fits = await warned(db, pinned(admitted, outlook));
      const { spec } = fits;
      if (spec.dependencies.length > 0) {
        // Of a submission the writer finds it, in the transaction that keeps it.
        const [unknown] = await findDependencies(db.pool, [{ person: caller.id, jobs: [fits] }]);
        if (unknown) return refused(unknown);
      }
      const explained = world().explainNew(spec.shape, spec.centres, context.now(), asker);
      const { wouldGet, rule } = explained;
      const { quote } = outlook;
      // When what it waits for ends nobody can tell.
      const isAfter = spec.dependencies.length > 0;
      const { warnings, inTime } = foretell(spec, allowedTo(world(), asker, spec), quote, () => explained.estimate);
      return answer({
        spec: specView(spec),
        tasks: taskCount(spec.array),
        ...saidView(
          { defaults: withMemory(fits.defaults, outlook.memory), warnings: [...fits.warnings, ...warnings] },
          language,
        ),
        notes: fits.notes.map((one) => phraseWords(one, language)),
        inTime: inTime && phraseWords(inTime, language),
        quote,
        wouldGoTo: explained.wouldGoTo,
        wouldGet: wouldGet && wouldGetView(spec, wouldGet),
        waits: wouldGet ? null : waitingWords(explained, language),
        start: isAfter || wouldGet?.startsNow ? null : startView(explained.estimate, language, world()),
        candidates: explained.candidates.map((one) => candidateView(one, language, { isHeld: rule !== null })),
      });
    },

    async cancel({ caller, params, body, idempotency }) {
      const found = await visibleJob(db, caller, params.job);
      if (found.kind === "refused") return found;
      if (!mayCancel(caller, found.head.personId))
        return refused({ kind: "forbidden", needs: "owner of the job, or administrator" });
      const done = await context.transitions.cancel({
        tenant: tenantId(found.head.tenantId),
        idempotency,
        job: jobId(params.job),
        index: body.index ?? null,
        by: caller.id === found.head.personId ? "user" : "operator",
        person: caller.id,
        reason: body.reason ?? null,
        status: 200,
        answer: (done) => JSON.stringify({ tasks: done.ended + done.asked, ...done }),
      });
      return committed(done);
    },

    async declareLost({ caller, params, body, idempotency }) {
      const found = await visibleJob(db, caller, params.job);
      if (found.kind === "refused") return found;
      const done = await context.transitions.declareLost({
        tenant: tenantId(found.head.tenantId),
        idempotency,
        job: jobId(params.job),
        index: body.index ?? null,
        person: caller.id,
        reason: body.reason,
        status: 200,
        answer: (tasks) => JSON.stringify({ tasks }),
      });
      return committed(done);
    },
  };
}

type SubmitRoute = "submit" | "submitBulk" | "dryRun" | "cancel" | "declareLost";

export type SubmitContext = {
  readonly db: Database;
  readonly now: () => number;
  readonly writer: Pick<SubmitWriter, "submit">;
  readonly transitions: Pick<TransitionWriter, "cancel" | "declareLost">;
  readonly world: () => Pick<
    World,
    | "centres"
    | "couldEverFit"
    | "explainNew"
    | "everGiven"
    | "description"
    | "granted"
    | "boundsBelow"
    | "hidesLoad"
    | "runsFolder"
    | "policy"
  >;
  /** The setting of the network. */
  readonly arrayTasks: number;
};

function allowedTo(world: Pick<World, "granted" | "boundsBelow">, asker: Asker, { shape }: JobSpec) {
  return { granted: world.granted(asker), boundsBelow: world.boundsBelow(asker, shape) };
}

/** The job as it was admitted, with where its demands pin it and where it would not be executed among the warnings. */
function pinned(admitted: Whole, { pinnedTo, simulatedAt }: Extract<EverFit, { kind: "fits" }>): Whole {
  const more = [
    ...(pinnedTo ? [phrase("pinned-to", { centres: pinnedTo.join(", ") })] : []),
    ...(simulatedAt.length > 0 ? [phrase("nothing-executed", { centres: simulatedAt.join(", ") })] : []),
  ];
  return more.length === 0 ? admitted : { ...admitted, warnings: [...admitted.warnings, ...more] };
}

/** A job that was admitted in time is not refused to who sends it again after a moment that it names (docs/decisions/0049). */
async function firstAnswer(
  db: Database,
  { projects }: Person,
  idempotency: Idempotency | null,
  { refusal }: Pick<Refused, "refusal">,
): Promise<Refused | Verbatim | null> {
  const late: readonly PhraseKind[] = ["moment-to-end-by", "moment-to-come", "data-moment-past", "data-after-deadline"];
  const said =
    refusal.kind === "bad-option-value"
      ? [refusal.expected]
      : refusal.kind === "invalid-request"
        ? refusal.issues.map(({ words }) => words)
        : [];
  const isLate = said.some((one) => typeof one === "object" && late.includes(one.kind));
  if (!isLate || !idempotency) return null;
  const tenants = [...new Set(projects.map(({ tenantId: tenant }) => tenant))];
  const found = await findKeyAmong(db, tenants, idempotency);
  return found && committed(found);
}

/** As sbatch does, it accepts a dependency that what has ended keeps from ever being met; unlike it, it says so. */
function warned(db: Database, fits: Whole): Whole | Promise<Whole> {
  return fits.spec.dependencies.length === 0 ? fits : warnedOfNeverMet(db, fits);
}

async function warnedOfNeverMet(db: Database, fits: Whole): Promise<Whole> {
  const never = await readNeverMet(db.pool, fits.spec.dependencies);
  const words = never.map((one) =>
    phrase(one.kind === "aftercorr" ? "partly-never-met" : "never-met", { dependency: dependencyText(one) }),
  );
  return { ...fits, warnings: [...fits.warnings, ...words] };
}

function askerOf(caller: Person, spec: JobSpec): Asker {
  const project = caller.projects.find((one) => one.name === spec.project);
  assert(project !== undefined, "admit lets only the caller's own projects through");
  const { timeLimitS, graceS, array, priorityClass: priority } = spec;
  const who = { project: project.id, tenant: project.tenantId, person: caller.id };
  return { timeLimitS, graceS, tasks: taskCount(array), ...who, demands: demandsOf(spec), priority };
}

type Whole = Extract<Admitted, { kind: "admitted" }>;

function ownJob(caller: Person, { spec, defaults, warnings, after }: Whole): OwnJob {
  const project = caller.projects.find((one) => one.name === spec.project);
  assert(project !== undefined, "admit lets only the caller's own projects through");
  const array = spec.array && arrayText(spec.array);
  const job = { project: project.id, spec, arrayText: array, defaults, warnings, after };
  return { job, project: project.name, tenant: project.tenantId };
}

/** A job of a bulk submission that may be kept, and what its answer says of it. */
type Fitted = OwnJob & {
  readonly admitted: Whole;
  readonly said: { readonly name: string; readonly tasks: number; readonly warnings: SubmittedView["warnings"] };
  readonly notes: (id: number) => SubmittedView["notes"];
};
type OwnJob = { readonly job: AdmittedJob; readonly project: string; readonly tenant: TenantId };

function committed(done: Submitted): Refused | Verbatim {
  return done.kind === "refused" ? done : { kind: "verbatim", status: done.status, json: done.body };
}

function at({ refusal }: Pick<Refused, "refusal">, position: number | null): Refused {
  return position === null ? refused(refusal) : { ...refused(refusal), at: `jobs[${position}]` };
}
