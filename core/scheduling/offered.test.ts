import assert from "node:assert/strict";
import { test } from "node:test";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, projectId } from "#core/ids.ts";
import { type Demanding, demandsOf } from "#core/job/demands.ts";
import { refusalWords } from "#core/refusal.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { createWorld } from "#core/scheduling/world.ts";
import { poolOfNodes, runScenario } from "./scenario-testing.ts";

const scenarios: Record<string, string> = {
  "a word leads to the centres that know it, and to the pool it means there": `
    pool alpha/batch  2×8
    pool alpha/short  1×8
    pool beta/work    2×8
    centre gamma  8 cores
    offers alpha partition=fast>short,batch qos=urgent
    offers beta  partition=fast>work
    job here   asks partition=batch
    job quick  asks partition=fast
    job both   asks partition=quick,fast
    job now    asks partition=fast asks qos=urgent
    expect here starts alpha/batch
    expect quick starts beta/work
    expect both starts beta/work
    expect now starts alpha/short
    job none   asks partition=slow
    expect none waits alpha: unknown-word, beta: unknown-word, gamma: unknown-word
  `,
  "software, a container, a file system, licences: each has a rule of its own": `
    centre alpha  8 cores
    centre beta   8 cores
    offers alpha software=gromacs/2024.1 disk=/lustre licence=abaqus:2/4
    offers beta  container
    job md       asks software=gromacs/2024.1
    job any      asks software=gromacs
    job newer    asks software=gromacs/2025.0
    job boxed    asks container
    job data     asks disk=/lustre/li
    job beside   asks disk=/lustre2/li
    job solver   asks licence=abaqus:2
    job five     asks licence=abaqus:5
    expect md starts alpha
    expect any starts alpha
    expect newer waits alpha: no-such-software, beta: no-such-software
    expect boxed starts beta
    expect data starts alpha
    expect beside waits alpha: no-such-file-system, beta: no-such-file-system
    expect solver starts alpha
    expect five waits alpha: too-few-licences, beta: no-such-licence
  `,
  "licences are not promised twice, and who waits for one keeps only those waiting who ask for it too": `
    centre alpha  8 cores
    offers alpha licence=abaqus:3/4,ansys:1/1
    job one    cores 1 asks licence=abaqus:2
    job two    cores 1 asks licence=abaqus:2
    job three  cores 1 asks licence=abaqus:1
    job other  cores 1 asks licence=ansys:1
    job plain  cores 1
    expect one starts alpha
    expect two waits alpha: licences-busy
    expect three waits alpha: behind-in-queue
    expect other starts alpha
    expect plain starts alpha
    place
    expect two waits alpha: licences-busy
    running one
    offers alpha licence=abaqus:2/4,ansys:0/1
    expect two starts alpha
    expect three waits alpha: licences-busy
    end one ok
    place
    end two ok
    expect three starts alpha
  `,
  "in a shared pool a job joins the queue for licences too": `
    pool alpha/batch  1×8 shared pending 1
    offers alpha licence=abaqus:0/4
    job one  asks licence=abaqus:1
    job two  asks licence=abaqus:1
    expect one queues alpha
    place
    queued one
    expect two waits alpha: pool-queue-full
  `,
  "nodes asked for by name, and a queue that follows a change of what is offered": `
    pool alpha/batch  2×8
    centre beta  9 cores
    job named  asks nodelist=batch-n0
    job named2 nodes 2 asks nodelist=batch-n0,batch-n1
    expect named starts alpha
    expect named2 waits alpha: no-such-node, beta: several-nodes
    pool alpha/batch  1×8 1×4
    expect named2 starts alpha
    job md  asks software=gromacs/2024.1
    expect md waits alpha: no-such-software, beta: no-such-software
    offers beta software=gromacs/2024.1
    expect md starts beta
  `,
};

for (const [name, scenario] of Object.entries(scenarios)) test(name, () => void runScenario(scenario));

const alpha = centreId("alpha");
const centre = {
  id: alpha,
  driver: "slurm",
  lifeCycle: "in-service",
  intake: "open",
  connection: "unreachable",
  pools: [poolOfNodes("batch", [{ names: "c[1-3]", count: 3 }])],
  offers: {
    ...noOffers,
    aliases: { ...noOffers.aliases, partition: ["batch", "fast"] },
    software: ["gromacs/2023.4", "gromacs/2024.1", "gcc/12"],
    containers: ["docker"],
    fileSystems: [{ name: "lustre", path: "/lustre", shared: true, purgeDays: 30 }],
    licences: [{ name: "abaqus", total: 4, free: 0 }],
  },
  accounts: null,
} as const;

function asked(changes: Partial<Demanding>, limit = "alpha") {
  const world = createWorld();
  world.apply({ kind: "centre-changed", centre });
  world.apply({ kind: "centre-changed", centre: { ...centre, id: centreId("zeta"), offers: noOffers } });
  const wishes = { only: limit === "alpha" ? [] : [centreId(limit)], except: [], prefer: [] };
  const demands = demandsOf({ ...sampleSpec, ...changes });
  return world.couldEverFit(sampleSpec.shape, wishes, { timeLimitS: 60, project: projectId(1), demands });
}

test("what no centre in service offers is refused, reachable or not, and what there is is named", () => {
  const cases: readonly (readonly [Partial<Demanding>, string | null, RegExp])[] = [
    [
      { siteWords: { partition: ["gpu"] } },
      "--partition",
      /partition "gpu" .* Known: batch, fast\. .*, or have the operator of a Slurm centre map this word/,
    ],
    [{ siteWords: { gres: ["fpga:u280:2"] } }, "--gres", /"fpga:u280" .* Known: none/],
    [{ siteWords: { nodelist: ["c1", "c9"] } }, "--nodelist", /node "c9" .* Known: c1, c2, c3/],
    [{ software: ["gromacs/2025"] }, null, /Software "gromacs\/2025" .* Known: gromacs\/2023.4, gromacs\/2024.1\./],
    [{ container: "a@sha256:0" }, null, /^Container runtime "apptainer, pyxis, enroot, podman" .* Known: docker\./],
    [
      { workingDirectory: "/data/li" },
      null,
      /^The path "\/data\/li" lies on no file system of a centre in service\. They have: \/lustre\. Choose a place/,
    ],
    [{ fileSystems: ["gpfs"] }, null, /^File system "gpfs" .* Known: lustre\. Remove it or choose one of these\.$/],
    [{ licences: [{ name: "ansys", count: 1 }] }, "--licenses", /licence "ansys" .* Known: abaqus/],
  ];
  for (const [changes, option, words] of cases) {
    const answer = asked(changes);
    assert(answer.kind === "refused" && answer.refusal.kind === "not-offered", JSON.stringify(changes));
    assert.equal(answer.refusal.option, option);
    assert.match(refusalWords(answer.refusal, "en").detail, words);
    assert.doesNotMatch(refusalWords(answer.refusal, "zh").detail, /[a-z]{2,} [a-z]{2,}/);
  }
});

test("what some centre offers pins the job there; a wish against that centre is refused with its rule", () => {
  assert.deepEqual(asked({ stdout: "/lustre/li/out-%j" }), { kind: "fits", pinnedTo: [alpha], simulatedAt: [] });
  for (const workingDirectory of ["/usr/share/data", "/var/lib/x", "/var/tmp"])
    assert.equal(asked({ workingDirectory }).kind, "fits", "every machine has it");
  for (const workingDirectory of ["/var/scratch", "/usr2", "/root/x"])
    assert.equal(asked({ workingDirectory }).kind, "refused", workingDirectory);
  assert.deepEqual(asked({ stdout: "/tmp/out", stderr: "/dev/null" }), {
    kind: "fits",
    pinnedTo: null,
    simulatedAt: [],
  });
  const wished = asked({ software: ["gcc/12"] }, "zeta");
  assert(wished.kind === "refused" && wished.refusal.kind === "no-centre-fits");
  assert.deepEqual(
    wished.refusal.rules.map(({ rule }) => rule),
    ["not-among-wished", "no-such-software"],
  );
  assert.match(refusalWords(wished.refusal, "zh").detail, /没有软件 gcc\/12/);
});
