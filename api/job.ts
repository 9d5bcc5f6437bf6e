import * as z from "zod";
import { limits } from "#api/limits.ts";
import { amount, centreName, id, line, page, pageQuery, slug, text, timeMs } from "#api/values.ts";
import { preemptibles, warningSignals } from "#core/job/spec.ts";
import { stateKinds } from "#core/job/state.ts";

const siteWordList = z.array(text(200).min(1)).min(1).max(1000);

/** What a user may send. Every field but the work has a default; `core/job/admit.ts` fills them in and says which. */
const warning = z.strictObject({ signal: z.enum(warningSignals), beforeS: z.int().min(1).max(3600) });

/** From a moment on, or after so long from now; neither: already. */
const when = { fromMs: timeMs.optional(), afterS: z.int().min(0).max(31_622_400).optional() };
const dataPlaces = z.strictObject({
  at: z
    .array(z.strictObject({ centre: centreName, ...when }))
    .max(100)
    .optional(),
  elsewhere: z.strictObject(when).optional(),
});

export const jobRequest = z
  .strictObject({
    name: text(limits.nameChars).min(1).optional(),
    /** The whole script, with its `#!` line, at most `limits.scriptBytes` bytes (admit counts them); its `#SBATCH` lines are read too, fields given here win over them. */
    script: text().optional(),
    /** Instead of a script: a program and its arguments, run without a shell. */
    command: z.array(text(131_072)).min(1).max(10_000).optional(),
    arguments: z.array(text(131_072)).max(10_000).optional(),
    environment: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), text(limits.environmentValueChars))
      .refine((all) => Object.keys(all).length <= limits.environmentVariables, {
        error: `at most ${limits.environmentVariables} variables`,
      })
      .optional(),
    workingDirectory: text(4096).optional(),
    nodes: z.int().min(1).max(limits.nodes).optional(),
    tasks: z.int().min(1).max(limits.tasks).optional(),
    coresPerTask: z.int().min(1).max(limits.cores).optional(),
    memoryMibPerNode: z.int().min(1).max(limits.memoryMib).optional(),
    memoryMibPerCore: z.int().min(1).max(limits.memoryMib).optional(),
    accelerators: z
      .strictObject({
        vendor: slug.nullable().optional(),
        model: slug.nullable().optional(),
        perNode: z.int().min(1).max(limits.accelerators),
        /** Of one accelerator on each node, in thousandths, beside others; absent: whole ones. `perNode` is 1 then. */
        shareMilli: z.int().min(1).max(999).optional(),
      })
      .optional(),
    /** Nobody else's work on its nodes; it gets, and pays for, all that they have. */
    wholeNodes: z.boolean().optional(),
    /** Its nodes lie within at most so many groups (leaf switches) that the centre reports. */
    nodeGroups: z.int().min(1).max(limits.nodes).optional(),
    /** Its nodes stand next to each other, in the order in which the centre counts them. */
    contiguous: z.boolean().optional(),
    timeLimitS: z.int().min(1).max(limits.timeLimitS).optional(),
    graceS: z.int().min(0).max(3600).optional(),
    /** It ends by then or not at all: cancelled where a run of its time limit can no longer start early enough. */
    deadlineMs: timeMs.optional(),
    /** As in sbatch: `1-1000%50`, `0-9:2`, `1,3,7`. */
    array: text(10_000).min(1).optional(),
    dependencies: z
      .array(
        z.union([
          z.strictObject({
            kind: z.enum(["afterok", "afterany", "afternotok"]),
            /** A job id, or in a bulk submission the `key` of a job of the same call. */
            job: z.union([id, z.string().max(100)]),
            index: z.int().min(0).nullable().optional(),
          }),
          z.strictObject({ kind: z.literal("aftercorr"), job: z.union([id, z.string().max(100)]) }),
          z.strictObject({ kind: z.literal("singleton") }),
        ]),
      )
      .max(limits.dependencies)
      .optional(),
    stdout: text(4096).min(1).optional(),
    stderr: text(4096).min(1).optional(),
    retries: z.int().min(0).max(limits.retries).optional(),
    /** Another attempt, without a retry spent, where its nodes failed or it was preempted. */
    requeue: z.boolean().optional(),
    /** Whether work of a higher class may end its runs to take their place; they then go back to the queue. */
    preemptible: z.enum(preemptibles).optional(),
    /** A signal to its program so long before the end of the limit, and before SIGTERM where it makes way: as --signal=B:USR1@60. */
    warning: warning.optional(),
    onUnreachable: z
      .union([
        z.strictObject({ kind: z.literal("wait") }),
        z.strictObject({ kind: z.literal("restart-after"), delayS: z.int().min(0).max(31_622_400) }),
      ])
      .optional(),
    /** A class of the policy in force (`GET /policy`); absent: its default. */
    priorityClass: text(200).min(1).optional(),
    software: z.array(text(200).min(1)).max(100).optional(),
    container: z
      .string()
      .max(500)
      .regex(/^[\w./:-]+@sha256:[0-9a-f]{64}$/, {
        error: "name a container by digest: NAME@sha256:… with 64 hexadecimal digits",
      })
      .optional(),
    fileSystems: z.array(text(200).min(1)).max(100).optional(),
    licences: z
      .array(z.strictObject({ name: text(200).min(1), count: z.int().min(1).max(1_000_000) }))
      .max(100)
      .optional(),
    /** What --partition, --qos, … say: looked up at each centre in its own tables. GET /offers lists the known ones. */
    siteWords: z
      .strictObject({
        partition: siteWordList.optional(),
        qos: siteWordList.optional(),
        constraint: siteWordList.optional(),
        gres: siteWordList.optional(),
        reservation: siteWordList.optional(),
        nodelist: siteWordList.optional(),
      })
      .optional(),
    /** Regions in which its data may be, by ISO 3166-2 as `cn-gz`, or whole countries as `cn`; it goes nowhere else. */
    residency: z.array(text(20).min(1)).max(100).optional(),
    /**
     * From when on its input is at centres, by whoever copies it; it starts nowhere before, and nowhere without it. `elsewhere`:
     * from when on at all centres that are not named; absent: never.
     */
    data: dataPlaces.optional(),
    /** Only on accelerators marked domestic, or where it asks for none, in pools marked so. */
    domestic: z.boolean().optional(),
    inputFiles: z
      .array(
        z.strictObject({
          path: text(4096).min(1),
          contentBase64: z.base64().max(14 * 1024 * 1024),
          executable: z.boolean().optional(),
        }),
      )
      .max(limits.inputFiles)
      .optional(),
    centres: z
      .strictObject({
        only: z.array(centreName).max(1000).optional(),
        except: z.array(centreName).max(1000).optional(),
        prefer: z.array(centreName).max(1000).optional(),
      })
      .optional(),
    labels: z
      .record(line(63).min(1), text(255))
      .refine((all) => Object.keys(all).length <= limits.labels, { error: `at most ${limits.labels} labels` })
      .optional(),
    project: slug.optional(),
    /** Options as on the command line of sbatch, e.g. ["--mem=4G", "-c", "2"]; they win over the script's own lines. */
    sbatchOptions: z.array(text(131_072)).max(1_000).optional(),
  })
  .meta({ id: "JobRequest" });
export type JobRequest = z.infer<typeof jobRequest>;

export const bulkRequest = z
  .strictObject({
    jobs: z
      .array(jobRequest.extend({ key: z.string().min(1).max(100).optional() }))
      .min(1)
      .max(limits.bulkJobs),
  })
  .meta({ id: "BulkRequest" });

export const outcomeKinds = [
  "succeeded",
  "failed",
  "cancelled",
  "timed-out",
  "out-of-memory",
  "preempted",
  "node-failed",
  "platform-fault",
  "refused",
  "lost",
] as const;
export const runEndKinds = [...outcomeKinds, "withdrawn", "duplicate", "requeued"] as const;

/** `failed` has an exit code or a signal, never both; `reason` is set where somebody or some rule ended it. */
export const outcome = z
  .strictObject({
    kind: z.enum(outcomeKinds),
    exitCode: z.int().nullable(),
    signal: z.int().nullable(),
    by: z.enum(["user", "centre", "operator", "network", "unknown"]).nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: "Outcome" });
export type WireOutcome = z.infer<typeof outcome>;

export const runEnd = outcome.extend({ kind: z.enum(runEndKinds) }).meta({ id: "RunEnd" });

const counts = z.strictObject({
  queued: z.int(),
  placed: z.int(),
  starting: z.int(),
  running: z.int(),
  ended: z.int(),
});

/** One line of a list of jobs. An array is one line; `counts` says where its tasks are. */
export const jobSummary = z
  .strictObject({
    id,
    name: z.string(),
    project: z.string(),
    person: z.string(),
    /** Of an array: the most active state among its tasks (running, starting, placed, queued, ended). */
    state: z.enum(stateKinds),
    /** Once all tasks ended: succeeded if all did, else the outcome of the first task (in order of end) that did not. */
    outcome: outcome.nullable(),
    tasks: z.int(),
    array: z.string().nullable(),
    counts,
    centres: z.array(z.string()),
    submittedMs: timeMs,
    startedMs: timeMs.nullable(),
    endedMs: timeMs.nullable(),
    /** Set while a centre that holds one of its runs cannot be reached (R2). */
    unreachableSinceMs: timeMs.nullable(),
    /**
     * What the first of its tasks that wait is waiting for, in a few words: in the network's queue, with the rule of `why` (null:
     * a centre has room, and it is others' turn before); else in a centre's own queue, as its engine says. null: none waits, or
     * a page so long would take too long to say (GET /jobs/:job/why does).
     */
    waits: z.strictObject({ rule: z.string().nullable(), words: z.string() }).nullable(),
  })
  .meta({ id: "JobSummary" });
export type JobSummary = z.infer<typeof jobSummary>;

export const specView = z
  .strictObject({
    script: z.string().nullable(),
    command: z.array(z.string()).nullable(),
    arguments: z.array(z.string()),
    environment: z.record(z.string(), z.string()),
    workingDirectory: z.string().nullable(),
    nodes: z.int(),
    tasks: z.int(),
    coresPerTask: z.int(),
    memoryMibPerNode: z.int().nullable(),
    memoryMibPerCore: z.int().nullable(),
    accelerators: z
      .strictObject({
        vendor: z.string().nullable(),
        model: z.string().nullable(),
        perNode: z.int(),
        shareMilli: z.int().optional(),
      })
      .nullable(),
    /** Only where it was asked for. */
    wholeNodes: z.literal(true).optional(),
    nodeGroups: z.int().optional(),
    contiguous: z.literal(true).optional(),
    timeLimitS: z.int(),
    graceS: z.int(),
    /** Only where it has one. */
    deadlineMs: timeMs.optional(),
    array: z.string().nullable(),
    dependencies: z.array(z.string()),
    stdout: z.string().nullable(),
    stderr: z.string().nullable(),
    retries: z.int(),
    requeue: z.boolean(),
    preemptible: z.enum(preemptibles),
    warning: warning.nullable(),
    onUnreachable: z.string(),
    priorityClass: z.string(),
    software: z.array(z.string()),
    container: z.string().nullable(),
    fileSystems: z.array(z.string()),
    licences: z.array(z.strictObject({ name: z.string(), count: z.int() })),
    /** By kind: partition, qos, constraint, gres, reservation, nodelist; only those asked for. */
    siteWords: z.record(z.string(), z.array(z.string())),
    /** Only where it was asked for. */
    residency: z.array(z.string()).optional(),
    /** Only where it was said; each moment worked out, without one: already. */
    data: z
      .strictObject({
        at: z.array(z.strictObject({ centre: z.string(), fromMs: timeMs.optional() })),
        elsewhere: z.strictObject({ fromMs: timeMs.optional() }).optional(),
      })
      .optional(),
    domestic: z.literal(true).optional(),
    inputFiles: z.array(z.strictObject({ path: z.string(), bytes: z.int(), executable: z.boolean() })),
    centres: z.strictObject({ only: z.array(z.string()), except: z.array(z.string()), prefer: z.array(z.string()) }),
    labels: z.record(z.string(), z.string()),
    project: z.string(),
  })
  .meta({ id: "JobSpec" });
export type SpecView = z.infer<typeof specView>;

/** Usage of runs, each amount in its own ledger unit (M1). */
export const usageAmounts = z
  .strictObject({
    coreMs: amount,
    milliCardMs: amount,
    memoryMibS: amount,
    wallMs: amount,
  })
  .meta({ id: "UsageAmounts" });

export const cost = z
  .strictObject({
    tariffVersion: z.string(),
    currency: z.literal("CNY"),
    amountMicroYuan: amount,
  })
  .meta({ id: "Cost" });

export const candidate = z
  .strictObject({
    centre: z.string(),
    /** null: it fits and would start now. */
    rule: z.string().nullable(),
    words: z.string(),
    /** Whether the rule can ever be met there: `never` means no waiting helps. */
    holds: z.enum(["now", "later", "never"]),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    /**
     * What a place there would cost, in seconds: the sum of its parts, and the least is taken. `startsInS` null: nobody can
     * tell. null: it could never run there, or when it was placed nothing was to be weighed.
     */
    score: z
      .strictObject({
        startsInS: z.int().nullable(),
        runS: z.int(),
        priceS: z.int(),
        carbonS: z.int(),
        riskS: z.int(),
      })
      .nullable(),
  })
  .meta({ id: "Candidate" });

/** By the policy in force, when ranks were told last: at most ten seconds ago, and at each decision since. */
const orderTerms = z
  .strictObject({
    policy: z.string(),
    /** `waited`, `promised`: it is served first, as it came. `plain`: the policy knows no classes. Else the class of the policy. */
    class: z.string(),
    /** The class that it was submitted in, where the policy has it no more: it is as one of the default. */
    droppedClass: z.string().nullable(),
    /** Within how many seconds its tenant was promised a start, where it is served first by that. */
    promiseS: z.int().nullable(),
    /** The least is first; null: as they came. */
    score: z.number().nullable(),
    /** What the usage of tenant, project and person puts on the score; null: nothing. */
    factor: z.number().nullable(),
    /** The run time that the score takes it to have; null: the time asked for. */
    predictedS: z.int().nullable(),
    /** Whether enough of its submitter's jobs have ended to foretell it from; else it is rather half the limit, or by others. */
    isPredicted: z.boolean(),
    /**
     * By when it has to start to end by its deadline, and whether it goes ahead of its class for it: `later`, as its latest
     * start comes near; `above-share`: not while its submitter has used more than is theirs; `never`, by the policy. null: it
     * has no deadline.
     */
    deadline: z
      .strictObject({
        endsMs: timeMs,
        latestStartMs: timeMs,
        goesAhead: z.enum(["now", "later", "above-share", "never"]),
      })
      .nullable(),
    /**
     * On its home centre alone it would have started so long ago, as far as is known. `goesAhead`: of visitors there. null:
     * its tenant has no home, or it would wait there too.
     */
    home: z.strictObject({ centre: z.string(), lateS: z.int(), goesAhead: z.boolean() }).nullable(),
    words: z.string(),
  })
  .meta({ id: "OrderTerms" });

/**
 * An estimated start; `words` say it with what it rests on, `from` is that. Learnt (`seen` above 0): of so many that waited
 * there as long as it has already, by `profile` (in the network, for what runs to end), `engine` (in the centre's own queue,
 * whose engine said when) or `queue` (there, and nobody says), one in ten started before `earliestMs`, half by `likelyMs`, nine
 * in ten by `latestMs`. Of fewer than ten nothing is learnt: then `latestMs` alone is told, of `profile` when it starts if what
 * runs takes its whole time limit, of `engine` its word. `plan`: it is kept back until `likelyMs` for others, by run times
 * that are foretold. `data`: nothing but its input is waited for, which is there from `likelyMs` on. `now`: it would be started
 * this moment.
 */
export const startRange = z
  .strictObject({
    from: z.enum(["now", "profile", "engine", "queue", "plan", "data"]),
    earliestMs: timeMs.nullable(),
    likelyMs: timeMs.nullable(),
    latestMs: timeMs.nullable(),
    centre: z.string(),
    seen: z.int(),
    words: z.string(),
  })
  .meta({ id: "StartRange" });

/** Why a queued task waits: first the rule of the job itself (dependency, throttle), then each centre's first failing rule. */
export const why = z
  .strictObject({
    job: id,
    index: z.int(),
    /** What people call it: `123` of a plain job, `123_7` of an array. */
    task: z.string(),
    state: z.enum(stateKinds),
    rule: z.string().nullable(),
    words: z.string(),
    candidates: z.array(candidate),
    decidedMs: timeMs.nullable(),
    /** Of `start` the likely time, else the latest; of one that waits in a centre's own queue, its engine's word. null: unknown. */
    startsMs: timeMs.nullable(),
    start: startRange.nullable(),
    /** What its place in the queue is made of; null: it has none. */
    order: orderTerms.nullable(),
  })
  .meta({ id: "Why" });
export type Why = z.infer<typeof why>;

/**
 * With which smallest changes a queued task would start now, were it cancelled and submitted so. Smallest first; empty
 * where nothing would start it, which `words` explain.
 */
export const whatIf = z
  .strictObject({
    job: id,
    index: z.int(),
    /** What people call it: `123` of a plain job, `123_7` of an array. */
    task: z.string(),
    state: z.enum(stateKinds),
    words: z.string(),
    answers: z.array(
      z.strictObject({
        /** All of these together. */
        changes: z.array(
          z.strictObject({
            /** E.g. `cores-per-task`, `time-limit-s`, `centre`. */
            kind: z.string(),
            from: z.union([z.number(), z.string()]).nullable(),
            to: z.union([z.number(), z.string()]).nullable(),
            words: z.string(),
          }),
        ),
        centre: z.string(),
        pool: z.string(),
        /** For `weir submit`, after what was said before; empty where something has to be taken out instead. */
        options: z.array(z.string()),
      }),
    ),
    decidedMs: timeMs.nullable(),
  })
  .meta({ id: "WhatIf" });
export type WhatIf = z.infer<typeof whatIf>;

export const run = z
  .strictObject({
    id: z.string(),
    attempt: z.int(),
    centre: z.string(),
    state: z.enum(stateKinds),
    end: runEnd.nullable(),
    placedMs: timeMs,
    startedMs: timeMs.nullable(),
    endedMs: timeMs.nullable(),
    unreachableSinceMs: timeMs.nullable(),
    pool: z.string(),
    /** On which it is or was, as engines write names together: `c[001-120,130],login`; null: it never had any, or nobody told. */
    nodes: z.string().nullable(),
    /** While it waits in the centre's own queue: `words` say the engine's reason, `startsMs` is its estimate. */
    waiting: z
      .strictObject({
        engineId: z.string(),
        reason: z.string().nullable(),
        reasonKind: z.string().nullable(),
        words: z.string(),
        startsMs: timeMs.nullable(),
        sinceMs: timeMs,
        /** The range of its start; null: unknown. */
        start: startRange.nullable(),
      })
      .nullable(),
    /**
     * Asked to end and not yet ended: since when, and what the centre waits for, where it says so. `waitsFor`: of an end,
     * `credential`, `let-in` (an administrator may declare it lost then), or a word of a later agent.
     */
    cancelling: z.strictObject({ sinceMs: timeMs, waitsFor: z.string().nullable(), words: z.string() }).nullable(),
    cores: z.int(),
    memoryMib: z.int(),
    accelerators: z.int(),
    usage: z
      .strictObject({
        wallMs: z.int(),
        cpuUserMs: z.int(),
        cpuSystemMs: z.int(),
        peakMemoryMib: z.int(),
        memoryWay: z.string(),
        droppedStdoutBytes: z.int(),
        droppedStderrBytes: z.int(),
        /** As the engine counts it, node by node: what else ran on its nodes is in it. null: it measures none. */
        energyJoules: z.int().nullable(),
      })
      .nullable(),
    words: z.string().nullable(),
    /**
     * The files that --output and --error name, null: none is named. In full where the centre says where its runs' folders
     * are, else what is relative to the run's own folder stays so. The log has the same.
     */
    stdoutFile: z.string().nullable(),
    stderrFile: z.string().nullable(),
    billed: z.boolean(),
    amounts: usageAmounts.nullable(),
    cost: cost.nullable(),
    /** What each centre said when this run was placed. */
    candidates: z.array(candidate),
  })
  .meta({ id: "Run" });

export const task = z
  .strictObject({
    job: id,
    index: z.int(),
    /** Its own SLURM_JOB_ID where no Slurm is underneath. */
    taskJob: id,
    state: z.enum(stateKinds),
    outcome: outcome.nullable(),
    attempts: z.int(),
    startedMs: timeMs.nullable(),
    endedMs: timeMs.nullable(),
    unreachableSinceMs: timeMs.nullable(),
  })
  .meta({ id: "Task" });

export const taskDetail = task.extend({ runs: z.array(run) }).meta({ id: "TaskDetail" });
export type TaskDetail = z.infer<typeof taskDetail>;

export const jobDetail = jobSummary
  .extend({
    spec: specView,
    usage: usageAmounts,
    cost,
    /**
     * Of an array: how many of its tasks ended in which way, succeeded first, the least index of them, and of those that failed
     * the least and the greatest exit code (null: not each had one); empty for a job of one task.
     */
    outcomes: z.array(
      z.strictObject({
        kind: z.enum(outcomeKinds),
        count: z.int(),
        first: z.int(),
        exitCodes: z.strictObject({ least: z.int(), greatest: z.int() }).nullable(),
      }),
    ),
    /** The first 10 tasks; the rest by GET /jobs/:job/tasks. */
    firstTasks: z.array(taskDetail),
    /** What the submission left open and Weir filled in, and what it warned of. */
    defaults: z.array(z.strictObject({ field: z.string(), value: z.string() })),
    warnings: z.array(z.string()),
    /** What the caller may do with it now. */
    actions: z.strictObject({ cancel: z.boolean(), declareLost: z.boolean() }),
  })
  .meta({ id: "JobDetail" });
export type JobDetail = z.infer<typeof jobDetail>;

/**
 * What a job may hold, and so use, at most: of all centres that could ever run it, as they describe themselves now, and of
 * all attempts it may be given. docs/decisions/0046-what-a-quote-is.md.
 */
export const quote = z
  .strictObject({
    tasks: z.int(),
    /** Of each task: the first, and one more for each retry. */
    attempts: z.int(),
    /** It may come again beyond these, after it made way or lost its nodes: what it had saved until then comes on top. */
    comesAgain: z.boolean(),
    /** Of one attempt of one task. */
    perTask: usageAmounts,
    /** Of all attempts of all tasks. */
    total: usageAmounts,
    cost,
  })
  .meta({ id: "Quote" });

export const submitted = z
  .strictObject({
    id,
    name: z.string(),
    tasks: z.int(),
    project: z.string(),
    state: z.literal("queued"),
    defaults: z.array(z.strictObject({ field: z.string(), value: z.string() })),
    warnings: z.array(z.string()),
    /** How it was understood, which is no warning: its deadline as a moment, where its files are written. */
    notes: z.array(z.string()),
    quote,
  })
  .meta({ id: "Submitted" });
export type Submitted = z.infer<typeof submitted>;

/** What one task would be given of a pool, and what would be held for it from then on. */
export const wouldGet = z
  .strictObject({
    centre: z.string(),
    pool: z.string(),
    /** false: it would join the centre's own queue, or depends on other jobs and waits for these first. */
    startsNow: z.boolean(),
    nodes: z.int(),
    coresPerNode: z.int(),
    memoryMibPerNode: z.int(),
    accelerators: z
      .strictObject({
        vendor: z.string().nullable(),
        model: z.string().nullable(),
        perNode: z.int(),
        /** In whole parts of the device, as it is given out there. */
        shareMilli: z.int().optional(),
      })
      .nullable(),
    holds: usageAmounts,
    cost,
  })
  .meta({ id: "WouldGet" });

export const dryRun = z
  .strictObject({
    spec: specView,
    tasks: z.int(),
    defaults: z.array(z.strictObject({ field: z.string(), value: z.string() })),
    warnings: z.array(z.string()),
    /** How it was understood, as in a submission's answer. */
    notes: z.array(z.string()),
    /** That it is likely to meet its deadline, in words; null: it has none, or a warning says otherwise. */
    inTime: z.string().nullable(),
    quote,
    /** Where it would go now; null if it would wait. */
    wouldGoTo: z.string().nullable(),
    wouldGet: wouldGet.nullable(),
    /** What it would wait for, in words; null: it would not. */
    waits: z.string().nullable(),
    /** When what would not start now is likely to; null: it would, or nobody can tell. */
    start: startRange.nullable(),
    candidates: z.array(candidate),
  })
  .meta({ id: "DryRun" });

export const bulkSubmitted = z
  .strictObject({
    /** In the order of the request. */
    jobs: z.array(
      z.strictObject({
        id,
        key: z.string().nullable(),
        name: z.string(),
        tasks: z.int(),
        warnings: z.array(z.string()),
        notes: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: "BulkSubmitted" });

export const jobsQuery = z.strictObject({
  ...pageQuery,
  /** `active`: all but those that have ended. */
  state: z.enum([...stateKinds, "active"]).optional(),
  outcome: z.enum(outcomeKinds).optional(),
  project: slug.optional(),
  person: slug.optional(),
  /** Jobs whose name begins so. */
  name: text(limits.nameChars).optional(),
  centre: centreName.optional(),
  /** `key=value`. */
  label: text(320).optional(),
  submittedFromMs: z.coerce.number().int().min(0).optional(),
  submittedToMs: z.coerce.number().int().min(0).optional(),
});

export const jobsPage = page("jobs", jobSummary).meta({ id: "JobsPage" });
export const tasksPage = page("tasks", task).meta({ id: "TasksPage" });

/** One step in the life of a job, newest last. Also what Server-Sent Events carry; `id` is the Last-Event-ID. */
export const event = z
  .strictObject({
    id: z.string(),
    atMs: timeMs,
    job: id,
    index: z.int().nullable(),
    attempt: z.int().nullable(),
    kind: z.string(),
    state: z.enum(stateKinds).nullable(),
    centre: z.string().nullable(),
    cause: z.string(),
  })
  .meta({ id: "Event" });
export type Event = z.infer<typeof event>;
export const eventsPage = page("events", event).meta({ id: "EventsPage" });

export const logQuery = z.strictObject({
  index: z.coerce.number().int().min(0).default(0),
  /** Default: the newest attempt. */
  attempt: z.coerce.number().int().min(1).optional(),
  stream: z.enum(["stdout", "stderr"]).default("stdout"),
  /** Negative: that many bytes before the end. */
  offset: z.coerce.number().int().default(0),
  maxBytes: z.coerce.number().int().min(1).max(1_048_576).default(1_048_576),
});

/** A piece of a log. Bytes that are not UTF-8 travel as they are in `base64`; `text` is the same decoded for reading. */
export const logChunk = z
  .strictObject({
    run: z.string(),
    stream: z.enum(["stdout", "stderr"]),
    offset: z.int(),
    nextOffset: z.int(),
    sizeBytes: z.int(),
    base64: z.string(),
    /** Nothing will be added any more and this is the last piece. */
    final: z.boolean(),
  })
  .meta({ id: "LogChunk" });
export type LogChunk = z.infer<typeof logChunk>;

export const cancelRequest = z
  .strictObject({ index: z.int().min(0).optional(), reason: text(500).optional() })
  .meta({ id: "CancelRequest" });
/** Without an index: every run of the job whose centre cannot be reached. */
export const lostRequest = z
  .strictObject({ index: z.int().min(0).optional(), reason: text(500).min(1) })
  .meta({ id: "LostRequest" });
export const declaredLost = z.strictObject({ tasks: z.int() }).meta({ id: "DeclaredLost" });

export const cancelled = z
  .strictObject({
    /** Those of this call: `ended` and `asked` together. */
    tasks: z.int(),
    /** They waited in the network's queue and have ended. */
    ended: z.int(),
    /** They were placed or ran: their centres are asked to end them, and each ends as it does. */
    asked: z.int(),
    /** They had ended already, and nothing of it changes. */
    endedBefore: z.int(),
  })
  .meta({ id: "Cancelled" });
