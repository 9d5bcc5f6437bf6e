import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client, Input } from "#api/client.ts";
import { noOffers } from "#core/centre/engine.ts";
import { type JoinedCentre, joinCentre } from "#server/http/joined-centre-testing.ts";
import { ok, signInAs, startTestServer, type TestServer } from "#server/http/testing.ts";
import { holds, until } from "#server/patience-testing.ts";

// Where work may go, from the submission and the administrator's hand to the centre that gets it: residency, domestic
// equipment and agreements between regions.

let server: TestServer;
let client: Client;
const joined = new Map<string, JoinedCentre>();
const regions = { guiyang: "520100", jinan: "cn-sd" };
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
  for (const [name, region] of Object.entries(regions)) {
    const centre = await joinCentre(server, name, "simulated");
    joined.set(name, centre);
    const accelerators = [{ vendor: name === "jinan" ? "nvidia" : "huawei", model: "card", count: 2 }];
    const amounts = { cores: 8, memoryMib: 8192, accelerators };
    const node = { names: "n[1-2]", count: 2, state: "up", reason: null, features: [], ...amounts, free: amounts };
    const limits = { timeLimitS: null, leastNodes: 1, mostNodes: null };
    const ours = { cores: 0, memoryMib: 0, accelerators: [] };
    const more = { memoryMibPerCore: 1024, limits, nodes: [node], ours, foreign: { kind: "none" } };
    const pools = [{ name: "batch", state: "up", ...more }];
    await centre.sync({
      engine: { pools, offers: noOffers, mechanisms: {} } as unknown as Input<"sync">["body"]["engine"],
    });
    const params = { centre: name };
    const { terms } = await ok(client.call("terms", { params }));
    const body = { ...terms, region };
    const { consequences } = await ok(client.call("previewTerms", { params, body }));
    assert.match(consequences[0] ?? "", /^It lies in (Guizhou \(cn-gz\)|Shandong \(cn-sd\)): /);
    await ok(client.call("setTerms", { params, body }));
  }
});
after(() => server.stop());

const work = { command: ["true"], centres: { only: Object.keys(regions) }, timeLimitS: 600 };

async function candidates(body: Input<"dryRun">["body"], language: "en" | "zh" = "en") {
  const trial = await server.client(server.token, language).call("dryRun", { body: { ...work, ...body } });
  if (trial.kind === "problem") return JSON.stringify(trial.problem);
  return trial.value.candidates.map(({ centre, rule }) => `${centre}: ${rule ?? "now"}`).join(", ");
}

test("a centre says where it lies, by a code of its place too", async () => {
  const { centres } = await ok(client.call("centres", { query: {} }));
  const said = centres.filter(({ id }) => id !== "local").map(({ id, region }) => [id, region]);
  assert.deepEqual(said, [
    ["guiyang", "cn-gz"],
    ["jinan", "cn-sd"],
  ]);
  const { unstated } = await ok(client.call("agreements", {}));
  assert.deepEqual(unstated, { tenants: 1, centres: 1 }, "the tenant default and the centre local");
  const params = { centre: "jinan" };
  const { terms } = await ok(client.call("terms", { params }));
  const wrong = await client.call("setTerms", { params, body: { ...terms, region: "shandong" } });
  assert(wrong.kind === "problem" && wrong.problem.type.endsWith("invalid-request"));
  const nowhere = await client.call("addCentre", { body: { id: "nowhere", driver: "process", regionCode: "zz-1" } });
  assert(nowhere.kind === "problem" && /regionCode.*ISO 3166/.test(JSON.stringify(nowhere.problem)));
});

test("a job's data stay where it says; what it asks is shown, and what no centre may have is refused by name", async () => {
  await holds(async () => {
    assert.equal(
      await candidates({ residency: ["cn-sd"] }),
      "guiyang: outside-residency, jinan: now, local: not-among-wished",
    );
    assert.equal(
      await candidates({ domestic: true, accelerators: { perNode: 1 } }),
      "guiyang: now, jinan: not-domestic, local: not-among-wished",
    );
  });
  const script = "#!/bin/sh\n#WEIR --residency=cn-sd\n#WEIR-SIM run=1s\ntrue\n";
  const { id } = await ok(client.call("submit", { body: { script, timeLimitS: 600 } }));
  const jinan = joined.get("jinan") ?? assert.fail();
  await until(async () => (await jinan.sync({ waitMs: 500 })).start.find(({ job }) => job === id));
  const { spec } = await ok(client.call("job", { params: { job: id } }));
  assert.deepEqual([spec.residency, spec.domestic], [["cn-sd"], undefined]);
  assert.match(await candidates({ residency: ["cn-bj"] }), /no-centre-fits.*lies in cn-gz, and the job allows/);
  assert.match(await candidates({ residency: ["cn-bj"] }, "zh"), /位于 cn-gz，而作业只允许数据存放于 cn-bj/);
  assert.match(await candidates({ residency: ["cn-gx1"] }), /bad-option-value.*is cn-gx meant/);
});

test("agreements: everybody reads them, an administrator sets them in versions, and they bind at once", async () => {
  const first = await ok(client.call("agreements", {}));
  assert.deepEqual([first.version, first.document, first.versions], [0, { otherwise: "allowed", agreements: [] }, []]);
  await ok(client.call("setTenantPlace", { params: { tenant: "default" }, body: { region: "cn-sd" } }));
  const closed = { otherwise: "refused", agreements: [] } as const;
  const set = await ok(client.call("setAgreements", { body: { ...closed, agreements: [] } }));
  assert.deepEqual([set.version, set.setBy, set.document], [1, "admin", closed]);
  await holds(async () =>
    assert.equal(await candidates({}), "guiyang: no-agreement, jinan: now, local: not-among-wished"),
  );
  const agreement = { from: ["370000"], to: ["CN-GZ"], sharePercent: 25, hours: [], terms: "Contract 7" };
  assert.deepEqual(set.unstated, { tenants: 0, centres: 1 }, "the centre local");
  const agreed = await ok(client.call("setAgreements", { body: { otherwise: "refused", agreements: [agreement] } }));
  assert.deepEqual(agreed.document.agreements, [{ ...agreement, from: ["cn-sd"], to: ["cn-gz"] }]);
  await holds(async () =>
    assert.equal(
      await candidates({ coresPerTask: 5 }),
      "guiyang: above-agreement, jinan: now, local: not-among-wished",
    ),
  );
  const body = { ...work, coresPerTask: 3, centres: { only: ["guiyang"] } };
  const { id } = await ok(client.call("submit", { body }));
  const guiyang = joined.get("guiyang") ?? assert.fail();
  await until(async () => (await guiyang.sync({ waitMs: 500 })).start.find(({ job }) => job === id));
  const { id: second } = await ok(client.call("submit", { body }));
  const why = async () =>
    (await ok(client.call("why", { params: { job: second }, query: {} }))).candidates.find(
      ({ centre }) => centre === "guiyang",
    );
  const used = await until(async () => ((await why())?.rule === "agreement-used" ? why() : null));
  assert.match(used.words, /work from cn-sd may hold 25 % of pool batch by the agreement with cn-gz, .*3 cores/);

  const inForce = { otherwise: "refused" as const, agreements: [agreement] };
  assert.equal(
    (await ok(client.call("setAgreements", { body: inForce }))).version,
    agreed.version,
    "the same makes no version",
  );
  const query = { base: set.version };
  const stale = await client.call("setAgreements", { query, body: { otherwise: "allowed", agreements: [] } });
  assert(stale.kind === "problem" && stale.problem.status === 409);
  assert.match(stale.problem.detail, /of the agreements between regions on .*, after version \d+, on which yours/);
  const twice = await client.call("setAgreements", {
    body: { otherwise: "refused", agreements: [agreement, agreement] },
  });
  assert(twice.kind === "problem" && /said twice: by agreements 1 and 2/.test(JSON.stringify(twice.problem)));
  const wrong = await client.call("setAgreements", {
    body: { otherwise: "refused", agreements: [{ ...agreement, from: ["cn-zz"], sharePercent: 101 }] },
  });
  assert(wrong.kind === "problem");
  const paths = wrong.problem.detail.split("\n").map((line) => line.replace(/ .*/, ""));
  assert.deepEqual(paths, ["agreements[0].from[0]:", "agreements[0].sharePercent:", "See"], "all at once");
  const member = server.client(await signInAs(server, "ada", ["default"]));
  assert.equal((await ok(member.call("agreements", {}))).version, 2);
  const refused = await member.call("setAgreements", { body: { otherwise: "allowed", agreements: [] } });
  assert(refused.kind === "problem" && refused.problem.type.endsWith("forbidden"));
  await ok(client.call("setAgreements", { body: { otherwise: "allowed", agreements: [] } }));
});

test("no job widens what its project allows", async () => {
  const params = { project: "default" };
  await ok(client.call("setProjectPlace", { params, body: { residency: ["cn-gz"] } }));
  await holds(async () => {
    assert.match(await candidates({ centres: { only: ["jinan"] } }), /lies in cn-sd, and its project allows its data/);
    assert.match(await candidates({ residency: ["cn-sd"] }), /no-centre-fits/);
  });
  await ok(client.call("setProjectPlace", { params, body: { residency: null } }));
  await holds(async () => assert.match(await candidates({ residency: ["cn-sd"] }), /jinan: now/));
});
