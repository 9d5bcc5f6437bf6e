import * as z from "zod";
import { checkResult } from "#api/connection-test.ts";
import { runEnd } from "#api/job.ts";
import { centreName, timeMs } from "#api/values.ts";
import { readinessKinds } from "#core/centre/accounts.ts";
import { type EngineReport, shutPools } from "#core/centre/engine.ts";
import { mostRetentionDays } from "#core/centre/terms.ts";
import { warningSignals } from "#core/job/spec.ts";

/**
 * The agent protocol. One outbound call, `sync`, says "this is what I have and what happened" and gets "this is what
 * should run". It is idempotent: the same report may come again, the same order may be sent again. An agent keeps one
 * sync waiting (long poll) and makes further ones with waitMs 0 when it has something to report.
 *
 * - `session` numbers the agent's own start: a newer one fences an older one (R7).
 * - `server`/`generation` say up to which change of the orders the agent has them on its disk; a different `server`, or
 *   generation 0, gets the whole list (`whole: true`), else what changed since.
 * - Durations only: a lease is `startWithinMs` from the moment of the answer (R1).
 */
export const protocolVersion = 1;

const runName = z.string().regex(/^[1-9]\d{0,15}\.(0|[1-9]\d{0,8})\.[1-9]\d{0,5}$/);

export const usageReport = z.strictObject({
  startedMs: timeMs.nullable(),
  wallMs: z.int().min(0),
  checkpointMs: z.int().min(0).nullable().optional(),
  cpuUserMs: z.int().min(0),
  cpuSystemMs: z.int().min(0),
  peakMemoryMib: z.int().min(0),
  memoryWay: z.enum(["cgroup-v2", "cgroup-v1", "sampled", "engine", "none"]),
  droppedStdoutBytes: z.int().min(0),
  droppedStderrBytes: z.int().min(0),
  energyJoules: z.int().min(0).nullable(),
});

/** Of one remark or piece of evidence, and of an end: agents cut what is longer. */
export const mostWords = 1000;
export const mostWordsOfEnd = 4000;

const nodeNames = z.string().max(100_000);

export const observation = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("accepted"), run: runName, atMs: timeMs }),
    z.strictObject({
      kind: z.literal("started"),
      run: runName,
      atMs: timeMs,
      evidence: z.string().max(mostWords),
      nodes: nodeNames.optional(),
    }),
    z.strictObject({
      kind: z.literal("remark"),
      run: runName,
      atMs: timeMs,
      words: z.string().max(mostWords),
      /** What the end that the run was asked for waits for there; null: nothing any more. */
      cancelWaits: z.string().max(40).nullable().optional(),
    }),
    z.strictObject({
      kind: z.literal("waiting"),
      run: runName,
      atMs: timeMs,
      engineId: z.string().max(100),
      reason: z.string().max(255).nullable(),
      reasonKind: z.string().max(63).nullable().optional(),
      startsInMs: z.int().min(0).nullable(),
    }),
    z.strictObject({
      kind: z.literal("ended"),
      run: runName,
      atMs: timeMs,
      end: runEnd,
      usage: usageReport,
      words: z.string().max(mostWordsOfEnd).nullable(),
      nodes: nodeNames.optional(),
    }),
  ])
  .meta({ id: "RunObservation" });

const deviceCount = z.strictObject({
  vendor: z.string().max(100),
  model: z.string().max(100),
  count: z.int().min(0),
  parts: z.int().min(2).max(1000).optional(),
  counts: z.array(z.int().min(1)).min(1).max(100).optional(),
  partsLeft: z.array(z.int().min(1)).max(1000).optional(),
});

const amounts = z.strictObject({
  cores: z.int().min(0),
  memoryMib: z.int().min(0),
  accelerators: z.array(deviceCount).max(1000),
});

const timeWindow = z.strictObject({ startsInMs: z.int().min(0), endsInMs: z.int().min(0) });

const nodeGroup = z.strictObject({
  names: nodeNames,
  count: z.int().min(1).max(100_000),
  state: z.enum(["up", "draining", "down", "maintenance"]),
  reason: z.string().max(1000).nullable(),
  ...amounts.shape,
  features: z.array(z.string().max(255)).max(1000),
  free: amounts,
  within: z.string().min(1).max(255).optional(),
  maintenance: timeWindow.optional(),
});

const foreignLoad = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({
    kind: z.literal("seen"),
    running: z.array(z.strictObject({ cores: z.int().min(0), endsInMs: z.int().min(0) })).max(10_000),
    waiting: z.strictObject({ jobs: z.int().min(0), cores: z.int().min(0) }),
  }),
  z.strictObject({ kind: z.literal("hidden"), why: z.string().max(1000) }),
]);

const enginePool = z.strictObject({
  name: z.string().min(1).max(255),
  state: z.enum(["up", "drained", "down"]),
  memoryMibPerCore: z.int().min(0),
  limits: z.strictObject({
    timeLimitS: z.int().min(1).nullable(),
    leastNodes: z.int().min(1),
    mostNodes: z.int().min(1).nullable(),
  }),
  nodes: z.array(nodeGroup).max(10_000),
  ours: amounts,
  foreign: foreignLoad,
  givesWholeNodes: z.literal(false).optional(),
  row: nodeNames.optional(),
  window: timeWindow.optional(),
  shut: z.enum(shutPools).optional(),
});

const words = z.array(z.string().max(255)).max(10_000);

const most = z.array(z.strictObject({ name: z.string().max(255), most: z.int().min(0) })).max(100);

const accountLimits = z.strictObject({
  person: z.int().min(1).nullable(),
  project: z.int().min(1).nullable(),
  submitted: z.int().min(0),
  othersHold: z
    .array(z.strictObject({ name: z.string().max(255), count: z.int().min(0) }))
    .max(100)
    .optional(),
  mostRunning: z.int().min(0).nullable(),
  mostSubmitted: z.int().min(0).nullable(),
  mostTimeS: z.int().min(0).nullable(),
  together: most,
  togetherMinutes: most,
  fairShare: z.number().min(0).max(1).nullable(),
});

/** What a centre's engine says of itself: core/centre/engine.ts explains each field. */
export const engine: z.ZodType<EngineReport> = z
  .strictObject({
    pools: z.array(enginePool).max(1000),
    offers: z.strictObject({
      aliases: z.strictObject({
        partition: words,
        qos: words,
        constraint: words,
        gres: words,
        licences: words,
        reservation: words,
      }),
      partitionPools: z.record(z.string().max(255), z.string().max(255)).optional(),
      reservationPools: z.record(z.string().max(255), z.string().max(255)).optional(),
      qosPools: z.record(z.string().max(255), words).optional(),
      software: words,
      containers: words,
      mpi: words,
      fileSystems: z
        .array(
          z.strictObject({
            name: z.string().max(255),
            path: z.string().max(4096),
            shared: z.boolean(),
            purgeDays: z.int().min(0).nullable(),
          }),
        )
        .max(1000),
      licences: z
        .array(z.strictObject({ name: z.string().max(255), total: z.int().min(0), free: z.int().min(0) }))
        .max(1000),
      runsFolder: z.string().startsWith("/").max(4096).optional(),
    }),
    mechanisms: z.record(z.string().max(100), z.string().max(500)),
    limits: z.array(accountLimits).max(100_000).optional(),
  })
  .meta({ id: "EngineReport" });

export const syncRequest = z
  .strictObject({
    protocol: z.literal(protocolVersion),
    session: z.int().min(1),
    agentVersion: z.string().max(100),
    server: z.string().max(100),
    generation: z.int().min(0),
    waitMs: z.int().min(0).max(25_000),
    /** Sent at the start of a session and when it changed. */
    engine: engine.nullable(),
    observations: z.array(observation).max(1000),
    /**
     * How far the centre is with each pair that it was asked for, by ids alone, all of them each time; absent where
     * nothing of it changed, or runs need no accounts. `localAccount`: the same for all pairs that are one local account
     * there, which share its places in the centre's own queue; a key that says nothing else. Absent: not told.
     */
    accounts: z
      .array(
        z.strictObject({
          person: z.int().min(1),
          project: z.int().min(1),
          readiness: z.enum(readinessKinds),
          localAccount: z
            .string()
            .regex(/^[0-9a-f]{16}$/)
            .optional(),
        }),
      )
      .max(100_000)
      .optional(),
    /** The last word of an agent that ends by itself: its centre cannot be reached from now on. */
    goodbye: z.literal(true).optional(),
  })
  .meta({ id: "SyncRequest" });
export type SyncRequest = z.infer<typeof syncRequest>;

const work = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("script"), text: z.string(), arguments: z.array(z.string()) }),
  z.strictObject({ kind: z.literal("command"), argv: z.tuple([z.string()], z.string()) }),
]);

const orderWords = z.array(z.string());

export const runOrder = z
  .strictObject({
    run: runName,
    taskJob: z.int(),
    job: z.int(),
    index: z.int(),
    attempt: z.int(),
    name: z.string(),
    project: z.strictObject({ id: z.int(), name: z.string() }),
    person: z.strictObject({ id: z.int(), name: z.string() }),
    work,
    environment: z.record(z.string(), z.string()),
    workingDirectory: z.string().nullable(),
    stdout: z.string().nullable(),
    stderr: z.string().nullable(),
    inputFiles: z.array(z.strictObject({ path: z.string(), contentBase64: z.string(), executable: z.boolean() })),
    array: z
      .strictObject({
        ranges: z.array(z.strictObject({ first: z.int(), last: z.int(), step: z.int() })),
        throttle: z.int().nullable(),
      })
      .nullable(),
    allocation: z.strictObject({
      nodes: z.int(),
      tasks: z.int(),
      coresPerTask: z.int(),
      coresPerNode: z.int(),
      memoryMibPerNode: z.int(),
      acceleratorsPerNode: z.int(),
      acceleratorVendor: z.string().nullable(),
      acceleratorModel: z.string().nullable(),
      acceleratorShareMilli: z.int().optional(),
      wholeNodes: z.literal(true).optional(),
      nodeGroups: z.int().optional(),
      contiguous: z.literal(true).optional(),
    }),
    /** Only where something beside the shape is demanded. */
    demands: z
      .strictObject({
        siteWords: z.strictObject({
          partition: orderWords.optional(),
          qos: orderWords.optional(),
          constraint: orderWords.optional(),
          gres: orderWords.optional(),
          reservation: orderWords.optional(),
          nodelist: orderWords.optional(),
        }),
        software: z.array(z.string()),
        container: z.string().nullable(),
        fileSystems: z.array(z.string()),
        licences: z.array(z.strictObject({ name: z.string(), count: z.int() })),
      })
      .optional(),
    pool: z.string(),
    memoryMibPerCore: z.int().nullable(),
    timeLimitS: z.int(),
    graceS: z.int(),
    /** Only where the job asks for it. */
    warning: z.strictObject({ signal: z.enum(warningSignals), beforeS: z.int() }).optional(),
    startWithinMs: z.int(),
  })
  .meta({ id: "RunOrder" });

const quotaLimits = z.strictObject({
  coreHours: z.int().min(0).nullable(),
  cardHours: z.int().min(0).nullable(),
  cores: z.int().min(0).nullable(),
});

/**
 * A connection test that the server waits for. It is said again with every answer until its report has come; an agent
 * that runs it already, or has, does nothing. `pool`: test that one, null: the first that is up.
 */
export const askedTest = z
  .strictObject({
    id: z.int().min(1),
    person: z.strictObject({ id: z.int(), name: z.string() }),
    project: z.strictObject({ id: z.int(), name: z.string() }),
    pool: z.string().nullable(),
  })
  .meta({ id: "AskedTest" });
export type AskedTest = z.infer<typeof askedTest>;

export const syncAnswer = z
  .strictObject({
    server: z.string(),
    generation: z.int(),
    /** The orders are all there are: what the agent has beyond them and never started, it drops. */
    whole: z.boolean(),
    start: z.array(runOrder),
    /** With `whole`: every run that this centre has reported as started. One of which it has no trace is lost (R2). */
    expected: z.array(runName),
    cancel: z.array(
      z.strictObject({
        run: runName,
        by: z.enum(["user", "centre", "operator", "network"]),
        reason: z.string().nullable(),
        /** It makes room for others: its program is first given the time to save its work that it asked for (`warning`). */
        warn: z.literal(true).optional(),
      }),
    ),
    /** Runs to take back if they have not started: they end as withdrawn. What has started goes on. */
    withdraw: z.array(runName),
    /** Present where an administrator asked the agent to rotate its credential now. */
    rotate: z.literal(true).optional(),
    /** Ends that are committed: the agent may forget its journal entry, and keeps the folder for its retention. */
    committed: z.array(runName),
    /** By the centre's terms: for how many days what the network has there is kept once it has left. */
    retentionDays: z.int().min(0).max(mostRetentionDays).optional(),
    /** Log pieces the server wants; each is answered once by POST /agent/answers. */
    reads: z.array(
      z.strictObject({
        id: z.string(),
        run: runName,
        stream: z.enum(["stdout", "stderr"]),
        offset: z.int(),
        maxBytes: z.int().min(1).max(1_048_576),
      }),
    ),
    test: askedTest.optional(),
    /** All pairs that need an account at this centre; absent where that has not changed. */
    accounts: z
      .array(
        z.strictObject({
          person: z.strictObject({ id: z.int(), name: z.string() }),
          project: z.strictObject({ id: z.int(), name: z.string() }),
        }),
      )
      .optional(),
    /** With `accounts`: of each project of them what the network lets it use, for the site's hook `quota`. */
    quotas: z
      .array(z.strictObject({ project: z.int(), quota: z.strictObject({ project: quotaLimits, tenant: quotaLimits }) }))
      .optional(),
  })
  .meta({ id: "SyncAnswer" });
export type SyncAnswer = z.infer<typeof syncAnswer>;

/** A piece of a log that the server asked for. `offset` is where it begins (the server may have asked from the end). */
export const readAnswer = z
  .strictObject({
    id: z.string(),
    kind: z.enum(["bytes", "none"]),
    offset: z.int(),
    sizeBytes: z.int(),
    base64: z.string().max(1_500_000),
    final: z.boolean(),
    words: z.string().max(1000),
  })
  .meta({ id: "ReadAnswer" });

/** Of a connection test: what is known so far, all of it each time; `ended` once, with the last of it. */
export const testProgress = z
  .strictObject({
    test: z.int().min(1),
    session: z.int().min(1),
    agentVersion: z.string().max(100),
    /** The agent's clock as it sends this. */
    nowMs: timeMs,
    checks: z.array(checkResult).max(100),
    ended: z.boolean(),
  })
  .meta({ id: "TestProgress" });

/**
 * `credential`: the one the agent has made for itself (32 random bytes) and kept, so that the same request, sent again
 * because its answer was lost, gets the same answer although the token is spent. Without it the server makes one.
 */
export const enrolRequest = z
  .strictObject({
    token: z.string().max(200),
    agentVersion: z.string().max(100),
    driver: z.string().max(50),
    credential: z
      .string()
      .regex(/^weir-centre-[\w-]{43}$/)
      .optional(),
  })
  .meta({ id: "EnrolRequest" });
/** The credential is of that centre alone; it rotates: the agent asks for the next one before it ages out. */
export const enrolAnswer = z
  .strictObject({ centre: centreName, credential: z.string(), rotateAfterMs: z.int() })
  .meta({ id: "EnrolAnswer" });

/** The first agents of 0.1 do not say their version here; each sync says it, and is refused where it does not fit. */
export const sessionRequest = z
  .strictObject({ agentVersion: z.string().max(100).optional() })
  .meta({ id: "SessionRequest" });

/** Each start of an agent takes the next session number; older sessions are refused from then on (R7). */
export const sessionAnswer = z
  .strictObject({
    session: z.int().min(1),
    /** What the centre's engine knows this network's runs by (R3): the same for every agent of the centre. */
    mark: z.string().regex(/^[a-z0-9]{8}$/),
  })
  .meta({ id: "SessionAnswer" });
