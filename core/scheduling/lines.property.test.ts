import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pairKey } from "#core/centre/accounts.ts";
import { noOffers } from "#core/centre/engine.ts";
import { type CentreId, centreId, type JobId, jobId, personId, projectId } from "#core/ids.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import { policies } from "#core/scheduling/policy.ts";
import { poolOfNodes } from "#core/scheduling/scenario-testing.ts";
import { createWorld } from "#core/scheduling/world.ts";
import type { CentreState } from "#core/scheduling/world-event.ts";

// Two centres whose shared pools are full of others' work, each with local accounts of its own, told, untold and told
// otherwise. Held against the rule (B2) as plainly as it is written: nobody joins a queue in which as many of the same local
// account and size wait as may, and nobody waits in the network while there is a place for them somewhere.

const people = [1, 2, 3].flatMap((person) => [1, 2].map((project) => ({ person, project })));
const centres = [centreId("jinan"), centreId("qingdao")] as const;

const accounts = fc.option(fc.array(fc.constantFrom("a", "b", null), { minLength: 6, maxLength: 6 }), { nil: null });
type Step =
  | { readonly kind: "tell"; readonly at: 0 | 1; readonly as: readonly (string | null)[] | null; readonly most: number }
  | { readonly kind: "job"; readonly who: number; readonly cores: number }
  | { readonly kind: "waits" | "starts" | "ends"; readonly which: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("tell"),
      at: fc.constantFrom(0, 1),
      as: accounts,
      most: fc.integer({ min: 0, max: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("job"), who: fc.nat(5), cores: fc.constantFrom(1, 1, 2) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("waits", "starts", "ends"), which: fc.nat(1000) }) },
);

const policy = fc.constantFrom(policies.weir, policies.fcfs, policies.conservative);

type Told = { readonly as: readonly (string | null)[] | null; readonly most: number };
type Job = { readonly id: JobId; readonly who: number; readonly cores: number; at: CentreId | null; runs: boolean };

function centreState(id: CentreId, { as, most }: Told): CentreState {
  const pool = poolOfNodes("batch", [{ cores: 8 }], { contract: "shared", maxPending: most, foreign: "seen" });
  const nodes = pool.nodes.map((node) => ({ ...node, free: { ...node.free, cores: 0 } }));
  const keys = people.map(({ person, project }) => pairKey({ person: personId(person), project: projectId(project) }));
  const told = keys.flatMap((key, at) => (as?.[at] ? [[key, as[at]] as const] : []));
  return {
    id,
    driver: "slurm",
    lifeCycle: "in-service",
    intake: "open",
    connection: "connected",
    pools: [{ ...pool, nodes }],
    offers: noOffers,
    accounts: new Map(keys.map((key) => [key, "ready"])),
    ...(as && { localAccounts: new Map(told) }),
  };
}

test("no more of one local account and size in a queue than may, and none fewer", () => {
  let [joined, full, shared] = [0, 0, 0];
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 20, maxLength: 80 }),
      accounts,
      accounts,
      policy,
      (steps, one, other, by) => {
        const world = createWorld(by);
        const told = new Map<CentreId, Told>();
        const tell = (id: CentreId, as: Told) => {
          told.set(id, as);
          world.apply({ kind: "centre-changed", centre: centreState(id, as) });
        };
        tell(centres[0], { as: one, most: 2 });
        tell(centres[1], { as: other, most: 1 });
        const jobs: Job[] = [];
        const accountOf = (id: CentreId, { who }: Job) => told.get(id)?.as?.[who] ?? `project ${people[who]?.project}`;
        const alike = (id: CentreId, job: Job) =>
          jobs.filter((each) => {
            const isThere = each.at === id && !each.runs && each.cores === job.cores;
            return isThere && accountOf(id, each) === accountOf(id, job);
          });
        const mostAt = (id: CentreId) => told.get(id)?.most ?? 0;
        for (const [at, each] of steps.entries()) {
          const nowMs = 1000 * at;
          const live = jobs.filter((job) => job.at !== null);
          const run = "which" in each ? live[each.which % Math.max(1, live.length)] : undefined;
          if (each.kind === "tell") tell(centres[each.at], each);
          else if (each.kind === "job") {
            const job: Job = { id: jobId(at + 1), who: each.who, cores: each.cores, at: null, runs: false };
            jobs.push(job);
            const { person, project } = people[each.who] ?? assert.fail();
            world.apply({
              kind: "job-queued",
              job: job.id,
              submittedMs: nowMs,
              timeLimitS: 60,
              person: personId(person),
              project: projectId(project),
              name: "one",
              shape: { ...sampleSpec.shape, coresPerTask: each.cores },
              wishes: sampleSpec.centres,
              demands: null,
              array: null,
              dependencies: [],
              past: null,
            });
          } else if (run && each.kind === "ends") {
            const indices = [{ first: 0, last: 0, step: 1 }];
            world.apply({ kind: "tasks-ended", job: run.id, indices, succeeded: true, atMs: nowMs });
            jobs.splice(jobs.indexOf(run), 1);
          } else if (run) {
            const phase = each.kind === "starts" ? "running" : "waiting";
            world.apply({ kind: "run-moved", job: run.id, index: 0, attempt: 1, phase, atMs: nowMs });
            run.runs ||= each.kind === "starts";
          }
          for (const { index, candidates: _, starts, leaseMs: __, ...placed } of world.decide(nowMs, 100).place) {
            const job = jobs.find(({ id }) => id === placed.job) ?? assert.fail();
            const before = alike(placed.centre, job);
            assert(starts === "in-turn" && before.length < mostAt(placed.centre), `${placed.job} at ${placed.centre}`);
            world.apply({ kind: "task-placed", index, ...placed, phase: "sent", atMs: nowMs });
            job.at = placed.centre;
            joined += 1;
            if (before.some((other) => people[other.who]?.project !== people[job.who]?.project)) shared += 1;
          }
          for (const job of jobs.filter((waiting) => waiting.at === null))
            for (const id of centres) {
              const pending = alike(id, job).length;
              assert(pending >= mostAt(id), `a place for ${job.id} at ${id}`);
              const explained = world.explain({ job: job.id, index: 0 }, nowMs);
              assert(explained.kind === "waiting");
              const said = explained.candidates.find(({ centre }) => centre === id);
              assert.deepEqual([said?.rule, said?.facts.pending], ["pool-queue-full", pending]);
              full += 1;
            }
        }
      },
    ),
    { numRuns: 150 },
  );
  assert(
    joined > 500 && full > 500 && shared > 20,
    `seen too little: ${joined} joined, ${full} full, ${shared} shared`,
  );
});
