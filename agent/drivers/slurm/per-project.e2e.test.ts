import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { RunOrder } from "#core/run-order.ts";
import { requires } from "../../../tools/requirement.ts";
import { type Clusters, startClusters } from "../../../tools/slurm/clusters.ts";
import { parseMapping } from "./mapping.ts";
import { makeTestSite, orderOf, type TestAgent, type TestSite } from "./site-testing.ts";

// A site where one local user stands for a project, whoever of the project submits (P3): a mapping without persons.

const ready = { kind: "ready", sinceMs: 0 } as const;
const ofProject = (project: number, user: string, account: string) => ({
  person: null,
  project,
  user,
  account,
  qos: null,
  readiness: ready,
});

test("one account for everybody is no mapping: each entry names a person or a project", () => {
  const everybody = { person: null, project: null, user: "weir", account: null, qos: null, readiness: ready };
  assert.throws(() => parseMapping(JSON.stringify([everybody])), /user weir names neither a person nor a project/);
});

describe("one local user for each project, at a real cluster", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let site: TestSite;
  let agent: TestAgent;
  before(async () => {
    clusters = await startClusters({ only: ["jinan"] });
    site = makeTestSite(clusters, "jinan");
    const entries = [ofProject(7, "weirt-li", "ai-lab"), ofProject(8, "weirt-zhao", "hpc")];
    writeFileSync(join(site.settings.folder, "mapping.json"), JSON.stringify(entries));
    agent = await site.open();
  });
  after(async () => {
    await agent?.driver.close();
    await clusters?.stop();
    site?.remove();
  });

  const as = (person: number, project: number): Partial<RunOrder> => ({
    person: { id: person, name: `p${person}` } as RunOrder["person"],
    project: { id: project, name: `j${project}` } as RunOrder["project"],
  });

  test("whoever submits runs as the project's user, on its account; another project's user is another", async () => {
    const script = 'id -un; echo "$SLURM_JOB_ACCOUNT"';
    const said = async (person: number, project: number) => {
      const order = orderOf(script, as(person, project));
      await agent.queue(order);
      assert.equal((await agent.ended(order.run)).end.kind, "succeeded");
      return (await agent.log(order.run)).trim().split("\n");
    };
    const [li, wang, other] = await Promise.all([said(1, 7), said(2, 7), said(1, 8)]);
    assert.deepEqual(
      [li, wang, other],
      [
        ["weirt-li", "ai-lab"],
        ["weirt-li", "ai-lab"],
        ["weirt-zhao", "hpc"],
      ],
    );
  });

  test("a project that the mapping does not know runs nowhere there", async () => {
    const answer = await agent.driver.start(orderOf("true", as(1, 9)));
    assert.equal(answer.kind, "refused", JSON.stringify(answer));
    assert.match(JSON.stringify(answer), /no local account for person 1 \(p1\) in project 9/);
  });
});
