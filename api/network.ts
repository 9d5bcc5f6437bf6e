import * as z from "zod";
import { capacityTotal } from "#api/centre-capacity.ts";
import { cost, outcomeKinds, usageAmounts } from "#api/job.ts";
import { amount, centreName, id, line, page, pageQuery, slug, text, timeMs } from "#api/values.ts";
import { driverNames } from "#core/centre/centre.ts";
import { shutPools } from "#core/centre/engine.ts";
import { intakes } from "#core/centre/intake.ts";
import { lifeCycles } from "#core/centre/life-cycle.ts";

export const lifeCycle = z.enum(lifeCycles);

const devices = z.array(
  z.strictObject({
    vendor: z.string(),
    model: z.string(),
    count: z.int(),
    /** Into how many equal parts one may be given out; absent: whole ones alone. */
    parts: z.int().optional(),
    /** The numbers that a job may have on one node; absent: any. */
    counts: z.array(z.int()).optional(),
    /** Of what is free, beside `count`: of each that is given out in part, the parts left. */
    partsLeft: z.array(z.int()).optional(),
  }),
);

export const pool = z
  .strictObject({
    name: z.string(),
    /** By the terms in force. */
    contract: z.enum(["dedicated", "shared", "opportunistic"]),
    lifeCycle,
    /** As its engine says; null: the agent does not report this pool. */
    state: z.enum(["up", "drained", "down"]).nullable(),
    /** Why there is nothing of a pool that its site has named; null: it is there. */
    shut: z.enum(shutPools).nullable(),
    /** When its nodes are the network's, by a reservation of the centre's; null: always. */
    reserved: z.strictObject({ startsMs: timeMs, endsMs: timeMs }).nullable(),
    /** Of a shared pool: how many runs of one local account (else project), alike in nodes, cores and cards, may wait in its own queue. */
    maxPending: z.int(),
    /** How long a run placed there may wait for its start; null: the network's own setting. */
    leaseS: z.int().nullable(),
    /** What the engine enforces for one job; null: no limit. */
    limits: z.strictObject({ timeLimitS: z.int().nullable(), leastNodes: z.int(), mostNodes: z.int().nullable() }),
    /** The pools of the centre that have nodes of it too: each pool's figures count these. */
    sharesNodesWith: z.array(z.string()),
    /** Nodes and what they have in all: of those that are up, beside `nodes`, which counts all. */
    nodes: z.int(),
    nodesUp: z.int(),
    cores: z.int(),
    memoryMib: z.int(),
    memoryMibPerCore: z.int(),
    accelerators: devices,
    /** What nobody's work takes, as the engine last reported. */
    free: z.strictObject({ cores: z.int(), memoryMib: z.int(), accelerators: devices }),
    /**
     * The largest shapes that could start there now: none of them is within another. Empty where nothing could, or
     * nothing new is sent.
     */
    startable: z.array(
      z.strictObject({
        nodes: z.int(),
        coresPerNode: z.int(),
        memoryMibPerNode: z.int(),
        accelerators: z.strictObject({ vendor: z.string(), model: z.string(), perNode: z.int() }).nullable(),
      }),
    ),
    /** Nodes that will be, or are, taken out for maintenance: the next time that is known of each, soonest first. */
    maintenance: z.array(z.strictObject({ names: z.string(), nodes: z.int(), startsMs: timeMs, endsMs: timeMs })),
    /** The work of others: none, seen by the agent (with when the next of it ends), or hidden from it. */
    foreign: z.strictObject({
      kind: z.enum(["none", "seen", "hidden"]),
      why: z.string().nullable(),
      runningCores: z.int(),
      nextEndsInMs: z.int().nullable(),
      waitingJobs: z.int(),
      waitingCores: z.int(),
    }),
    /** Whether its equipment is domestic, by the terms; null: they do not say, and the vendors of its devices do. */
    domestic: z.boolean().nullable(),
    /** By the network's runs, without what waits in the centre's own queue. */
    coresInUse: z.int(),
    memoryMibInUse: z.int(),
    runs: z.int(),
    /** Those of `runs` that have not started. */
    waiting: z.int(),
  })
  .meta({ id: "Pool" });

export const centre = z
  .strictObject({
    id: centreName,
    name: z.string(),
    /** For readers of Chinese; null: `name` is for all. */
    nameZh: z.string().nullable(),
    /** The code of its place, as it was given when the centre was added. */
    regionCode: z.string().nullable(),
    /** Where it lies, by ISO 3166-2 as `cn-gz`: by its terms, else by the code of its place. null: nobody said. */
    region: z.string().nullable(),
    driver: z.string(),
    lifeCycle,
    /** Whether it takes new work. */
    intake: z.enum(intakes),
    state: z.enum(["never-connected", "connected", "unreachable"]),
    lastSeenMs: timeMs.nullable(),
    unreachableSinceMs: timeMs.nullable(),
    agentVersion: z.string().nullable(),
    mechanisms: z.record(z.string(), z.string()),
    /** What is stated of its capacity, summed; what is retired is not counted. */
    capacity: z.array(capacityTotal),
    pools: z.array(pool),
    /** All its pools together, each node once: as in a pool. */
    together: z.strictObject({
      nodes: z.int(),
      nodesUp: z.int(),
      cores: z.int(),
      memoryMib: z.int(),
      accelerators: devices,
      free: z.strictObject({ cores: z.int(), memoryMib: z.int(), accelerators: devices }),
    }),
  })
  .meta({ id: "Centre" });
export type Centre = z.infer<typeof centre>;
export const centresPage = page("centres", centre).meta({ id: "CentresPage" });

export const node = z
  .strictObject({
    centre: centreName,
    /** The first of `pools`. */
    pool: z.string(),
    /** All that have them: each node is listed once. Of an agent of an earlier version it may be listed with each. */
    pools: z.array(z.string()),
    /** One node, or a list of hosts that are alike, as the engine writes it: `c[001-120]`. */
    name: z.string(),
    count: z.int(),
    state: z.enum(["up", "draining", "down", "maintenance"]),
    /** Why it is not up, in the engine's words. */
    reason: z.string().nullable(),
    /** Of one node. */
    cores: z.int(),
    memoryMib: z.int(),
    accelerators: devices,
    features: z.array(z.string()),
    /** The group of nodes (leaf switch) they are in; absent: not known. */
    within: z.string().optional(),
    /** Of one node, not taken by anybody's work when the engine reported. */
    free: z.strictObject({ cores: z.int(), memoryMib: z.int(), accelerators: devices }),
    /** By the network's runs, of all these nodes together; of runs of which the engine says on which nodes they are. */
    coresInUse: z.int(),
    memoryMibInUse: z.int(),
    runs: z.int(),
  })
  .meta({ id: "Node" });
export const nodesPage = page("nodes", node).meta({ id: "NodesPage" });

const words = z.array(z.string());

/** What one centre declares, by its last report (W1, W2). */
export const offer = z
  .strictObject({
    centre: centreName,
    /** Whether users' work is placed there. */
    inService: z.boolean(),
    /** What its tables know of --partition, --qos, --constraint, --gres, --licenses and --reservation. */
    aliases: z.strictObject({
      partition: words,
      qos: words,
      constraint: words,
      gres: words,
      licences: words,
      reservation: words,
    }),
    /** To which pool a word of `aliases.partition` leads, where it is not the pool's own name. */
    partitionPools: z.record(z.string(), z.string()),
    /** `name/version`. */
    software: words,
    containers: words,
    mpi: words,
    fileSystems: z.array(
      z.strictObject({
        name: z.string(),
        path: z.string(),
        /** By all nodes; false: each node has its own. */
        shared: z.boolean(),
        /** After so many days without use a file may be gone; null: files stay. */
        purgeDays: z.int().nullable(),
      }),
    ),
    licences: z.array(z.strictObject({ name: z.string(), total: z.int(), free: z.int() })),
  })
  .meta({ id: "Offer" });
export type Offer = z.infer<typeof offer>;
export const offers = z.strictObject({ offers: z.array(offer) }).meta({ id: "Offers" });

export const glance = z
  .strictObject({
    version: z.string(),
    nowMs: timeMs,
    centres: z.strictObject({ total: z.int(), connected: z.int() }),
    /** `simulated`: of `total`, what centres only simulate; work placed there is executed nowhere. */
    cores: z.strictObject({ total: z.int(), inUse: z.int(), simulated: z.int() }),
    memoryMib: z.strictObject({ total: z.int(), inUse: z.int(), simulated: z.int() }),
    accelerators: z.strictObject({ total: z.int(), inUse: z.int(), simulated: z.int() }),
    tasks: z.strictObject({ queued: z.int(), placed: z.int(), starting: z.int(), running: z.int() }),
    /** Jobs that ended within 24 hours, by how; those that nothing ended as are left out. */
    endedLastDay: z.array(z.strictObject({ kind: z.enum(outcomeKinds), count: z.int() })),
    oldestQueuedMs: timeMs.nullable(),
  })
  .meta({ id: "Glance" });
export type Glance = z.infer<typeof glance>;

export const usageQuery = z.strictObject({
  ...pageQuery,
  project: slug.optional(),
  fromMs: z.coerce.number().int().min(0).optional(),
  toMs: z.coerce.number().int().min(0).optional(),
  by: z.enum(["project", "person", "centre", "job", "day"]).default("project"),
});
export const usageRow = z
  .strictObject({ key: z.string(), runs: z.int(), amounts: usageAmounts, cost })
  .meta({ id: "UsageRow" });
export const usagePage = z
  .strictObject({
    by: z.string(),
    rows: z.array(usageRow),
    total: z.strictObject({ runs: z.int(), amounts: usageAmounts, cost }),
    next: z.string().nullable(),
  })
  .meta({ id: "UsagePage" });

/** Accounts and whether the books balance: Σ debits = Σ credits in each unit, and totals equal what the transfers say. */
export const ledgerCheck = z
  .strictObject({
    balanced: z.boolean(),
    units: z.array(
      z.strictObject({
        unit: z.string(),
        debitsPosted: amount,
        creditsPosted: amount,
        debitsPending: amount,
        creditsPending: amount,
      }),
    ),
    transfers: z.int(),
    findings: z.array(z.string()),
  })
  .meta({ id: "LedgerCheck" });

/** Regions, or whole countries, in which its data may be; null: anywhere. No job widens it. */
const residency = z.array(text(20).min(1)).min(1).max(100).nullable();
const domestic = z.boolean();
/** How many cores its runs may hold at once over the whole network; null: any number. */
const mostCores = z.int().min(1).max(2_000_000_000).nullable();
/**
 * What was granted and what is left of it, in core-milliseconds, and in thousandths of a card × milliseconds of whatever
 * cards: what the ledger has neither posted since nor holds for runs. None: any number.
 */
const grants = z.array(z.strictObject({ unit: z.enum(["core-ms", "milli-card-ms"]), granted: amount, left: amount }));
export const tenant = z
  .strictObject({
    id,
    name: slug,
    title: z.string(),
    /** The centre whose own users its people are; null: none. */
    home: z.string().nullable(),
    mostCores,
    grants,
    /** `region`: where it is, for agreements between regions; null: nobody said. `domestic`: only domestic equipment. */
    place: z.strictObject({ region: z.string().nullable(), residency, domestic }),
  })
  .meta({ id: "Tenant" });
export const project = z
  .strictObject({
    id,
    name: slug,
    title: z.string(),
    tenant: slug,
    mostCores,
    grants,
    /** What binds its work beside what binds its tenant's. */
    place: z.strictObject({ residency, domestic }),
  })
  .meta({ id: "Project" });
/** What the rule that was set means as things stand, in the reader's words: where its work could run, what leads nowhere. */
const notes = z.array(z.string());
/** Of what was just set: false where it was so already, and nothing was done. */
const changed = z.boolean();
export const setTenant = tenant.extend({ changed }).meta({ id: "SetTenant" });
export const setProject = project.extend({ changed }).meta({ id: "SetProject" });
export const placedTenant = setTenant.extend({ notes }).meta({ id: "PlacedTenant" });
export const placedProject = setProject.extend({ notes }).meta({ id: "PlacedProject" });
export const person = z
  .strictObject({
    id,
    name: slug,
    title: z.string(),
    administrator: z.boolean(),
    /** Since when they may not sign in; null: they may. */
    disabledMs: timeMs.nullable(),
    projects: z.array(slug),
  })
  .meta({ id: "Person" });
export const setPerson = person.extend({ changed }).meta({ id: "SetPerson" });
export const tenantsPage = page("tenants", tenant).meta({ id: "TenantsPage" });
export const projectsPage = page("projects", project).meta({ id: "ProjectsPage" });
export const peoplePage = page("people", person).meta({ id: "PeoplePage" });
/** As which it is shown: something to be seen. */
const title = line(200).regex(/\S/);
export const newTenant = z
  .strictObject({ name: slug, title: title.optional(), home: text(100).optional(), region: text(20).min(1).optional() })
  .meta({ id: "NewTenant" });
export const newCoreLimit = z.strictObject({ mostCores }).meta({ id: "NewCoreLimit" });
const hours = z.int().min(0).max(2_000_000_000).nullable().optional();
/** Whole hours, counted from now on; null: any number. What is left out stays as it is. */
export const newGrant = z.strictObject({ coreHours: hours, cardHours: hours }).meta({ id: "NewGrant" });
/** What is left out stays as it is. */
export const newTenantPlace = z
  .strictObject({
    region: text(20).min(1).nullable().optional(),
    residency: residency.optional(),
    domestic: domestic.optional(),
  })
  .meta({ id: "NewTenantPlace" });
export const newProjectPlace = z
  .strictObject({ residency: residency.optional(), domestic: domestic.optional() })
  .meta({ id: "NewProjectPlace" });
/** null: from now on it has no home. */
export const newHome = z.strictObject({ home: text(100).nullable() }).meta({ id: "NewHome" });
export const newProject = z
  .strictObject({ name: slug, tenant: slug, title: title.optional() })
  .meta({ id: "NewProject" });
export const newPerson = z
  .strictObject({
    name: slug,
    title: title.optional(),
    administrator: z.boolean().optional(),
    projects: z.array(slug).max(1000).optional(),
  })
  .meta({ id: "NewPerson" });
/** What is left out stays as it is. Disabled: nothing signs the person in, what did ends at once; their jobs go on. */
export const changedPerson = z
  .strictObject({
    title: title.optional(),
    administrator: z.boolean().optional(),
    disabled: z.boolean().optional(),
  })
  .meta({ id: "ChangedPerson" });
/** The link signs the person in once; hand it over by a safe way. */
export const personWithLink = z
  .strictObject({ person, signInUrl: z.string(), expiresMs: timeMs })
  .meta({ id: "PersonWithLink" });
export const newMembership = z.strictObject({ person: slug }).meta({ id: "NewMembership" });

export const signIn = z
  .union([
    z.strictObject({ code: z.string().min(1).max(200) }),
    z.strictObject({ name: slug, password: z.string().min(1).max(1000) }),
  ])
  .meta({ id: "SignIn" });
export const me = z
  .strictObject({ person, tenants: z.array(slug), defaultProject: slug.nullable(), hasPassword: z.boolean() })
  .meta({ id: "Me" });
/** `token` is set where the caller asked for one (the CLI); a browser gets a cookie instead. */
export const signedIn = z.strictObject({ me, token: z.string().nullable() }).meta({ id: "SignedIn" });
export const newPassword = z
  .strictObject({ current: z.string().max(1000).optional(), password: z.string().min(10).max(1000) })
  .meta({ id: "NewPassword" });

export const token = z
  .strictObject({
    id,
    name: z.string(),
    createdMs: timeMs,
    expiresMs: timeMs.nullable(),
    lastUsedMs: timeMs.nullable(),
  })
  .meta({ id: "Token" });
export const tokensPage = page("tokens", token).meta({ id: "TokensPage" });
export const newToken = z
  .strictObject({
    name: line(100).min(1),
    expiresInS: z
      .int()
      .min(60)
      .max(366 * 86_400)
      .optional(),
  })
  .meta({ id: "NewToken" });
/** The secret is shown this once. */
export const tokenWithSecret = z.strictObject({ token, secret: z.string() }).meta({ id: "TokenWithSecret" });

export const newCentre = z
  .strictObject({
    id: centreName,
    name: line(200).optional(),
    nameZh: line(200).min(1).optional(),
    regionCode: text(20).optional(),
    driver: z.enum(driverNames),
  })
  .meta({ id: "NewCentre" });
export const enrolmentToken = z
  .strictObject({ centre: centreName, token: z.string(), expiresMs: timeMs })
  .meta({ id: "EnrolmentToken" });
