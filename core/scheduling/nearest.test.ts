import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type NodeGroup, noOffers } from "#core/centre/engine.ts";
import type { LifeCycle } from "#core/centre/life-cycle.ts";
import { type CentreId, centreId } from "#core/ids.ts";
import type { CentreWishes, Shape } from "#core/job/spec.ts";
import { refusalWords } from "#core/refusal.ts";
import { describe, emptyCentre } from "#core/scheduling/centres.ts";
import { nearestFit, nearestShape } from "#core/scheduling/nearest.ts";
import { createWorld } from "#core/scheduling/world.ts";
import type { PoolState } from "#core/scheduling/world-event.ts";
import { poolOfNodes } from "./scenario-testing.ts";

const anywhere: CentreWishes = { only: [], except: [], prefer: [] };
/** What is asked by nobody in particular, but its shape. */
const byNobody = { wishes: anywhere, timeLimitS: 60, graceS: 0, demands: null, bounds: null, who: null, line: null };

function centre(
  id: string,
  groups: readonly Partial<NodeGroup>[],
  more: Partial<PoolState> = {},
  lifeCycle: LifeCycle = "in-service",
) {
  const record = emptyCentre(centreId(id));
  const alone = groups.length === 1 && (groups[0]?.count ?? 1) === 1;
  const nodes = groups.map((group) => ({ cores: 8, memoryMib: 8000, ...group }));
  const pools = [poolOfNodes("main", nodes, { memoryMibPerCore: 1000, ...more })];
  describe(record, {
    id: record.id,
    driver: alone ? "process" : "slurm",
    lifeCycle,
    intake: "open",
    connection: "unreachable",
    pools,
    offers: noOffers,
    accounts: null,
  });
  return record;
}

const shape = fc.record({
  nodes: fc.integer({ min: 1, max: 4 }),
  tasks: fc.integer({ min: 1, max: 20 }),
  coresPerTask: fc.integer({ min: 1, max: 20 }),
  memory: fc.oneof(
    fc.constant({ kind: "default" as const }),
    fc.record({
      kind: fc.constantFrom("per-node" as const, "per-core" as const),
      mib: fc.integer({ min: 1, max: 9000 }),
    }),
  ),
  accelerators: fc.option(
    fc.record({
      vendor: fc.constantFrom(null, "x", "y"),
      model: fc.constantFrom(null, "npu"),
      perNode: fc.integer({ min: 1, max: 9 }),
    }),
  ),
}) satisfies fc.Arbitrary<Shape>;

test("the nearest shape fits where it says, and what fits is not refused", () => {
  const centres = [
    centre("alpha", [{ cores: 16, memoryMib: 3000 }], { memoryMibPerCore: 100 }),
    centre("beta", [{ accelerators: [{ vendor: "x", model: "npu", count: 4 }] }]),
    centre(
      "delta",
      [
        { count: 2, cores: 4 },
        { count: 1, cores: 12, memoryMib: 2000 },
      ],
      {
        limits: { timeLimitS: 100, leastNodes: 2, mostNodes: 3 },
      },
    ),
  ];
  const wish = fc.constantFrom<CentreId[]>([], [], [centreId("alpha")], [centreId("beta")], [centreId("gamma")]);
  fc.assert(
    fc.property(shape, wish, (asked, only) => {
      const wishes = { ...anywhere, only };
      const limit = { timeLimitS: 60, graceS: 0, demands: null, bounds: null, who: null, line: null };
      const answer = nearestFit(centres, { shape: asked, wishes, ...limit });
      const nearest = nearestShape(centres, { shape: asked, wishes, ...limit });
      assert(nearest);
      const given = { shape: nearest.shape, wishes: nearest.wished ? wishes : anywhere, ...limit };
      assert.equal(nearestFit([nearest.centre], given).kind, "fits");
      if (answer.kind === "fits") assert.deepEqual(nearest.shape, asked);
      else assert.equal(answer.refusal.kind === "no-centre-fits" && answer.refusal.rules.length, centres.length);
    }),
  );
});

test("the refusal names what was asked, each centre's rule, and the nearest shape", () => {
  const answer = nearestFit([centre("alpha", [{ cores: 2 }]), centre("beta", [{ cores: 4 }])], {
    shape: { nodes: 1, tasks: 8, coresPerTask: 1, memory: { kind: "per-node", mib: 500 }, accelerators: null },
    ...byNobody,
  });
  assert(answer.kind === "refused");
  assert.equal(
    refusalWords(answer.refusal, "en").detail,
    "Asked: nodes 1, cores 8, memory 500 MiB/node. alpha: needs 8 cores, pool main has 2; beta: needs 8 cores, pool main has 4. " +
      "The nearest shape that fits: nodes 1, cores 4, memory 500 MiB/node @ beta.",
  );
});

test("what only the job's own wishes keep away is told so, and of a retired centre nothing is said", () => {
  const answer = nearestFit([centre("alpha", [{ cores: 4 }]), centre("gone", [{ cores: 8 }], {}, "retired")], {
    shape: { nodes: 1, tasks: 1, coresPerTask: 1, memory: { kind: "per-node", mib: 500 }, accelerators: null },
    ...byNobody,
    wishes: { ...anywhere, except: [centreId("alpha")] },
  });
  assert(answer.kind === "refused");
  const said = refusalWords(answer.refusal, "en").detail;
  assert.match(said, /It would fit at alpha, which the job's own choice of centres leaves out/);
  assert.doesNotMatch(said, /gone|nearest shape/);
});

test("what no other shape would change has no nearest shape", () => {
  const answer = nearestFit([centre("alpha", [{ cores: 4 }])], {
    shape: { nodes: 1, tasks: 1, coresPerTask: 1, memory: { kind: "default" }, accelerators: null, domestic: true },
    ...byNobody,
  });
  assert(answer.kind === "refused" && answer.refusal.kind === "no-centre-fits");
  assert.equal(answer.refusal.nearest, null);
  assert.match(refusalWords(answer.refusal, "en").detail, /No other shape would help: have marked in the terms/);
});

test("a network that nobody has joined yet refuses nothing: its capacity is not known", () => {
  const asked: Shape = { nodes: 9, tasks: 9, coresPerTask: 1, memory: { kind: "default" }, accelerators: null };
  const world = createWorld();
  assert.equal(world.couldEverFit(asked, anywhere).kind, "fits");
  const id = centreId("alpha");
  const alpha = { id, driver: "process", lifeCycle: "in-service", intake: "open" } as const;
  const never = { ...alpha, connection: "never-connected", pools: [], offers: null, accounts: null } as const;
  world.apply({ kind: "centre-changed", centre: never });
  assert.equal(world.couldEverFit({ ...asked, nodes: 1, tasks: 1 }, anywhere).kind, "fits");
  assert.equal(world.couldEverFit(asked, anywhere).kind, "refused", "several nodes will never run there");
});

test("more tasks than a node has cores for would fit on more nodes, and the option that says so is named", () => {
  const asked = { nodes: 1, tasks: 2560, coresPerTask: 1, memory: { kind: "default" }, accelerators: null } as const;
  const sized = (count: number) => centre("big", [{ names: "n", count, cores: 64, memoryMib: 64_000 }]);
  const said = (count: number, shape: Shape = asked) => {
    const found = nearestFit([sized(count)], { ...byNobody, shape });
    assert.equal(found.kind, "refused");
    return found.kind === "refused"
      ? refusalWords(found.refusal, "en").detail.split("nearest shape that fits: ")[1]
      : "";
  };
  assert.match(said(48) ?? "", /^nodes 40, cores 2560.*\(-N 40\) @ big\.$/);
  assert.match(said(48, { ...asked, coresPerTask: 3, tasks: 100 }) ?? "", /^nodes 5, .*\(-N 5\)/, "21 tasks on a node");
  // Forty are too many for a centre of thirty: there less is left.
  assert.doesNotMatch(said(30) ?? "", /-N/);
});
