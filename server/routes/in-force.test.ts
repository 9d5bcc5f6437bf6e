import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "#api/client.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";
import { until } from "#server/patience-testing.ts";

// What an administrator sets binds what is asked for next, without a moment between: the answer to `set` waits for the
// scheduler, which hears of it by the feed.

let server: TestServer;
let client: Client;
/** Stays queued: nobody schedules. */
let queued = 0;
before(async () => {
  server = await startTestServer();
  client = server.client();
  queued = (await ok(client.call("submit", { body: work }))).id;
  await until(() => asScheduled());
});
after(() => server.stop());

const work = { command: ["true"], coresPerTask: 2, timeLimitS: 3600 };
const tenant = { tenant: "default" } as const;
const project = { project: "default" } as const;
const local = { centre: "local" } as const;

type Setting = {
  readonly set: () => Promise<unknown>;
  readonly unset?: () => Promise<unknown>;
  /** By what the scheduler goes, and what it says before and after. */
  readonly look: () => Promise<string>;
  readonly was: string;
  readonly is: string;
};

/** Whether a job like `work` would start at once, and is warned of nothing. */
async function freely(): Promise<"free" | "bound"> {
  const reply = await client.call("dryRun", { body: work });
  return reply.kind === "answer" && reply.value.wouldGoTo === "local" && reply.value.warnings.length === 0
    ? "free"
    : "bound";
}
const binds = { look: freely, was: "free", is: "bound" };

async function asScheduled(): Promise<string> {
  return (await ok(client.call("why", { params: { job: queued } }))).order?.policy ?? "";
}

async function otherPools(changed: { readonly sharePercent: number | null }) {
  const { terms } = await ok(client.call("terms", { params: local }));
  const body = { ...terms, otherPools: { ...terms.otherPools, ...changed } };
  return ok(client.call("setTerms", { params: local, body }));
}

const settings: Readonly<Record<string, Setting>> = {
  "where a tenant's work may go": {
    set: () => ok(client.call("setTenantPlace", { params: tenant, body: { residency: ["cn-gz"] } })),
    unset: () => ok(client.call("setTenantPlace", { params: tenant, body: { residency: null } })),
    ...binds,
  },
  "where a project's work may go": {
    set: () => ok(client.call("setProjectPlace", { params: project, body: { residency: ["cn-gz"] } })),
    unset: () => ok(client.call("setProjectPlace", { params: project, body: { residency: null } })),
    ...binds,
  },
  "agreements between regions": {
    set: () => ok(client.call("setAgreements", { body: { otherwise: "refused", agreements: [] } })),
    unset: () => ok(client.call("setAgreements", { body: { otherwise: "allowed", agreements: [] } })),
    ...binds,
  },
  "what a tenant is granted": {
    set: () => ok(client.call("setTenantGrant", { params: tenant, body: { coreHours: 1 } })),
    unset: () => ok(client.call("setTenantGrant", { params: tenant, body: { coreHours: null } })),
    ...binds,
  },
  "what a project is granted": {
    set: () => ok(client.call("setProjectGrant", { params: project, body: { coreHours: 1 } })),
    unset: () => ok(client.call("setProjectGrant", { params: project, body: { coreHours: null } })),
    ...binds,
  },
  "how many cores a tenant may hold": {
    set: () => ok(client.call("setTenantCores", { params: tenant, body: { mostCores: 1 } })),
    unset: () => ok(client.call("setTenantCores", { params: tenant, body: { mostCores: null } })),
    ...binds,
  },
  "how many cores a project may hold": {
    set: () => ok(client.call("setProjectCores", { params: project, body: { mostCores: 1 } })),
    unset: () => ok(client.call("setProjectCores", { params: project, body: { mostCores: null } })),
    ...binds,
  },
  "a centre's terms": {
    set: () => otherPools({ sharePercent: 0 }),
    unset: () => otherPools({ sharePercent: null }),
    ...binds,
  },
  "a centre's intake": {
    set: () => ok(client.call("setIntake", { params: local, body: { step: "drain" } })),
    unset: () => ok(client.call("setIntake", { params: local, body: { step: "resume" } })),
    ...binds,
  },
  "a tenant's home": {
    set: () => ok(client.call("setHome", { params: tenant, body: { home: "local" } })),
    unset: () => ok(client.call("setHome", { params: tenant, body: { home: null } })),
    look: async () => (await ok(client.call("policy", {}))).homes.map(({ centre }) => centre).join(),
    was: "",
    is: "local",
  },
  "a new tenant's home": {
    set: () => ok(client.call("addTenant", { body: { name: "bay", home: "local" } })),
    look: async () => (await ok(client.call("policy", {}))).homes.map(({ centre }) => centre).join(),
    was: "",
    is: "local",
  },
  "the policy": {
    set: () => ok(client.call("setPolicy", { body: { name: "plain", like: "easy" } })),
    unset: () => ok(client.call("setPolicy", { body: { name: "weir", like: "weir" } })),
    look: asScheduled,
    was: "weir",
    is: "plain",
  },
  "a new centre": {
    set: () => ok(client.call("addCentre", { body: { id: "beta", driver: "simulated" } })),
    look: async () => {
      const reply = await client.call("dryRun", { body: { ...work, centres: { only: ["beta"] } } });
      return reply.kind === "problem" ? (reply.problem.type.split("/").at(-1) ?? "") : reply.kind;
    },
    was: "not-offered",
    is: "no-centre-fits",
  },
};

for (const [what, { set, unset, look, was, is }] of Object.entries(settings))
  test(`${what}: answered when the scheduler goes by it, however late the feed brings it`, async () => {
    assert.equal(await look(), was);
    try {
      await heldBack(set, async () => assert.equal(await look(), was));
      assert.equal(await look(), is);
    } finally {
      await unset?.();
    }
    if (unset) assert.equal(await look(), was);
  });

test("a refusal has set nothing, so it waits for no scheduler", async () => {
  await ok(client.call("setPolicy", { body: { like: "easy" } }));
  const open = await server.db.connect("test");
  await open.query("begin");
  await open.query("select pg_current_xact_id()");
  // What others have committed since is what there would be to wait for.
  await server.db.pool.query("select pg_current_xact_id()");
  try {
    const beganMs = performance.now();
    const reply = await client.call("setPolicy", { query: { base: 0 }, body: { like: "fcfs" } });
    assert.equal(reply.kind === "problem" && reply.problem.status, 409);
    assert(performance.now() - beganMs < 8_000, "it waited for the feed, which an open transaction keeps back");
  } finally {
    await open.query("rollback");
    await open.end();
  }
});

/** An open transaction that has an id keeps the feed from all that is later. */
async function heldBack(set: () => Promise<unknown>, meanwhile: () => Promise<void>): Promise<void> {
  const before = await newestEvent();
  const open = await server.db.connect("test");
  await open.query("begin");
  await open.query("select pg_current_xact_id()");
  let answered = false;
  const setting = set().finally(() => (answered = true));
  try {
    await until(async () => ((await newestEvent()) > before || answered ? true : null));
    // It is committed. An answer that did not wait would be here before those of twenty that were asked for later.
    for (let i = 0; i < 20; i += 1) await meanwhile();
    assert(!answered, "it was answered before the scheduler had it");
  } finally {
    // Else what failed here would keep the feed from all tests after it, and they would fail for that alone.
    await open.query("rollback");
    await open.end();
    await setting;
  }
}

async function newestEvent(): Promise<number> {
  const { rows } = await server.db.pool.query<{ seq: number }>("select coalesce(max(seq), 0) as seq from event");
  return rows[0]?.seq ?? 0;
}
