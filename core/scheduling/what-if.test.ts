import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jobId, personId, projectId } from "#core/ids.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import type { Change, StartingChange } from "#core/scheduling/what-if.ts";
import type { World } from "#core/scheduling/world.ts";
import { runScenario } from "./scenario-testing.ts";

/** `cores-per-task 8→4`, several with `+` between them. */
function said(changes: readonly Change[]): string {
  return changes
    .map((change) => {
      if (change.kind === "centre") return `centre ${change.centre}`;
      if (change.kind === "region") return `region ${change.region}`;
      if (change.kind === "without") return `without ${change.demand}`;
      return `${change.kind} ${change.from}→${change.to}`;
    })
    .join(" + ");
}

/** Of no amount of the shape that is changed could one more be asked: what that much waits for is not nothing. */
function assertLargest(text: string, job: number, policy: Policy, { changes, asked }: StartingChange): void {
  for (const { kind, ...change } of changes) {
    const { shape } = asked;
    const { nodes, tasks, coresPerTask, accelerators } = shape;
    const more =
      kind === "nodes"
        ? { nodes: nodes + 1 }
        : kind === "tasks"
          ? { tasks: tasks + 1 }
          : kind === "cores-per-task"
            ? { coresPerTask: coresPerTask + 1 }
            : kind === "accelerators" && accelerators !== null
              ? { accelerators: { ...accelerators, perNode: accelerators.perNode + 1 } }
              : null;
    // So many nodes have no task each.
    if (more === null || (more.nodes ?? 0) > tasks) continue;
    const { world, again } = askedAgain(text, job, policy, { ...asked, shape: { ...shape, ...more } });
    const found = world.whatIf({ job: again, index: 0 }, 0);
    assert(found && found.length > 0, `${kind} ${JSON.stringify(change)}: one more starts too`);
  }
}

/** A world as the scenario leaves it, with this asked in place of what the job asks. */
function askedAgain(text: string, job: number, policy: Policy, asked: StartingChange["asked"]) {
  const world = runScenario(text, policy);
  cancel(world, job);
  const again = jobId(1_000_000);
  world.apply({
    kind: "job-queued",
    job: again,
    submittedMs: 1_000_000_000,
    project: projectId(1),
    person: personId(1),
    name: "again",
    array: null,
    dependencies: [],
    past: null,
    ...asked,
  });
  return { world, again };
}

/** Each answer, applied to a world as the scenario leaves it: the job is cancelled, submitted so, and starts there. */
function assertStarts(text: string, job: number, policy: Policy, answer: StartingChange): void {
  const { asked, centre, pool } = answer;
  const { world, again } = askedAgain(text, job, policy, asked);
  const placed = world.decide(0, 1_000_000).place.find((each) => each.job === again);
  assert.equal(placed?.starts, "now");
  // An order by size puts what asks for less further to the front, and where cards are packed one more job that asks for
  // some moves what they are kept for: it may find another place.
  if (policy.backfill === "none") assert.equal(`${placed?.centre}/${placed?.pool}`, `${centre}/${pool}`);
}

test("less of a card, where it is given out in shares, the most that starts", () => {
  const taken = `
    centre alpha  64 cores 1 x/npu parts 4
    job first  cards 1 x/npu share 500
    place
  `;
  const without = "accelerators 1→0 at alpha";
  const part = answers(`${taken}\n job part cards 1 x/npu share 750`, 2);
  assert.deepEqual(part, ["accelerator-share 750→500 at alpha", without]);
  const whole = answers(`${taken}\n job whole cards 1 x/npu`, 2);
  assert.deepEqual(whole, ["accelerator-share 1000→500 at alpha", without]);
  const plain = "centre alpha 64 cores 1 x/npu\n job first cards 1 x/npu\n place\n job whole cards 1 x/npu";
  assert.deepEqual(answers(plain, 2), [without], "a card that is given out whole");
});

function cancel(world: World, job: number): void {
  const indices = [{ first: 0, last: 0, step: 1 }];
  world.apply({ kind: "tasks-ended", job: jobId(job), indices, succeeded: false });
}

/** What would start job `job` of the scenario now, by what is changed and where; every answer is tried. */
function answers(text: string, job: number, policy: Policy = policies.fcfs): readonly string[] {
  const world = runScenario(text, policy);
  const before = JSON.stringify(world.decide(0, 1000));
  const found = world.whatIf({ job: jobId(job), index: 0 }, 0);
  assert(found);
  assert.equal(JSON.stringify(world.decide(0, 1000)), before, "nothing is changed by asking");
  for (const each of found) assertStarts(text, job, policy, each);
  return found.map(({ changes, centre }) => `${said(changes)} at ${centre}`);
}

test("nodes that others work on too, and nodes that lie apart", () => {
  const whole = `
    pool alpha/main  2×8
    job first  nodes 2 cores 2
    place
    job alone  cores 6 whole
    expect alone waits alpha: whole-nodes-busy`;
  assert.deepEqual(answers(whole, 2), ["without --exclusive at alpha"]);
  const apart = `
    pool alpha/main  2×8 within leaf1  1×8 within leaf2
    job first  cores 8
    place
    job pair   nodes 2 cores 8 groups 1
    expect pair waits alpha: nodes-together-busy`;
  assert.deepEqual(answers(apart, 2), ["without --switches=1 at alpha", "nodes 2→1 + tasks 2→1 at alpha"]);
});

test("fewer cores, as few less as suffice", () => {
  const text = `
    centre alpha 8 cores 100000 MiB
    job    first cores 3
    place
    job    large cores 8
    expect large waits alpha: cores-busy`;
  assert.deepEqual(answers(text, 2), ["cores-per-task 8→5 at alpha"]);
});

test("less memory, which was named for a node or comes with the cores", () => {
  const text = (memory: string) => `
    centre alpha 8 cores 1000 MiB 100 MiB/core
    job    first cores 1 memory 700
    place
    job    large cores 4 ${memory}
    expect large waits alpha: memory-busy`;
  assert.deepEqual(answers(text("memory 900"), 2), ["memory-mib-per-node 900→300 at alpha"]);
  assert.deepEqual(answers(text(""), 2), ["memory-mib-per-node 400→300 at alpha", "cores-per-task 4→3 at alpha"]);
});

test("fewer nodes with their tasks, or smaller ones", () => {
  const text = `
    pool   alpha/main 4×8
    job    first cores 6 nodes 2
    place
    job    large cores 8 nodes 4
    expect large waits alpha: cores-busy`;
  assert.deepEqual(answers(text, 2), ["cores-per-task 8→2 at alpha", "nodes 4→2 + tasks 4→2 at alpha"]);
});

test("fewer accelerators, or another type of which enough are free", () => {
  const text = `
    pool   alpha/main 2×8 cards 4 x/npu 1×8 cards 8 y/gpu
    job    first cards 2 x/npu nodes 2
    place
    job    large cards 4 x/npu
    expect large waits alpha: nodes-busy`;
  assert.deepEqual(answers(text, 2), ["accelerators 4→2 at alpha", "accelerator-type x/npu→y/gpu at alpha"]);
});

test("a shorter time limit, before maintenance or under a pool's limit", () => {
  const text = `
    pool   alpha/main 1×8 maintained-in 3630
    job    long cores 8 time 7200`;
  assert.deepEqual(answers(`${text}\nexpect long waits alpha: maintenance-ahead`, 1), [
    "time-limit-s 7200→3600 at alpha",
  ]);
});

test("a shorter time limit, so that it ends before the first in the queue can start", () => {
  const text = `
    centre alpha 8 cores
    job    first cores 6 time 3600
    place
    job    head  cores 8 time 3600
    job    back  cores 2 time 7200
    expect back waits alpha: reserved-for-earlier`;
  assert.deepEqual(answers(text, 3, policies.easy), ["time-limit-s 7200→3600 at alpha"]);
});

test("another centre that the job's wishes leave out, but none that is only simulated", () => {
  const text = `
    centre alpha 4 cores
    centre beta 16 cores
    centre gamma simulated 16 cores
    job    first cores 4 only alpha
    place
    job    large cores 4 only alpha`;
  assert.deepEqual(answers(text, 2), ["centre beta at beta"]);
  assert.deepEqual(answers(text.replaceAll("only alpha", "except beta"), 2), ["centre beta at beta"]);
});

test("without one of the demands", () => {
  const text = `
    centre alpha 4 cores
    centre beta 4 cores
    offers alpha software=a/1
    offers beta software=a/1 licence=abaqus:0/1
    job    first cores 3 only alpha
    place
    job    busy  cores 4 asks software=a/1 asks licence=abaqus:1
    expect busy waits alpha: no-such-licence, beta: licences-busy`;
  assert.deepEqual(answers(text, 2), ["without --licenses=abaqus:1 at beta"]);
});

test("several things at once where none by itself suffices", () => {
  const text = `
    centre alpha 8 cores 1000 MiB
    job    first cores 3 memory 700
    place
    job    large cores 8 memory 900
    expect large waits alpha: cores-busy`;
  assert.deepEqual(answers(text, 2), ["cores-per-task 8→5 + memory-mib-per-node 900→300 at alpha"]);
});

test("a smaller shape and a shorter time limit, where a hole before the first in the queue is too small and too short", () => {
  const text = `
    pool   alpha/main 8×8
    job    first nodes 6 cores 8 time 3600
    place
    job    head  nodes 8 cores 8 time 3600
    job    back  nodes 4 cores 8 time 7200
    expect back waits alpha: cores-busy`;
  assert.deepEqual(answers(text, 3, policies.easy), ["nodes 4→2 + tasks 4→2 + time-limit-s 7200→3600 at alpha"]);
  assert.deepEqual(answers(text.replace("time 7200", "time 3600"), 3, policies.easy), [
    "nodes 4→2 + tasks 4→2 at alpha",
  ]);
});

test("as much as a bound of its project leaves, over fewer nodes where only those are free", () => {
  const text = `
    cores project 1 64
    pool   alpha/main 1×64
    pool   beta/main  1×16
    job    first cores 7 only beta
    place
    job    large nodes 2 tasks 128
    expect large waits project-cores-too-few`;
  assert.deepEqual(answers(text, 2), ["nodes 2→1 + tasks 128→57 at alpha"]);
});

test("beside what is planned of the first in the queue only what delays none of them", () => {
  const text = `
    centre alpha 8 cores
    job    first cores 6 time 1000
    place
    running first
    job    head  cores 8 time 100
    job    next  cores 8 time 100
    job    back  cores 4 time 36000
    expect back waits alpha: cores-busy`;
  // Nobody holds a reservation there: the plan alone keeps the two cores, from second 500 on, half the limit of what runs.
  assert.deepEqual(answers(text, 4, policies.weir), ["cores-per-task 4→2 + time-limit-s 36000→480 at alpha"]);
});

test("nothing, where it is not for the centres that it waits, or none takes anything", () => {
  const busy = "centre alpha 4 cores\njob first cores 4\nplace\n";
  assert.deepEqual(answers(`${busy}job second cores 1\nexpect second waits alpha: cores-busy`, 2), []);
  const room = "centre alpha 4 cores\njob first cores 2\nplace\n";
  assert.deepEqual(answers(`${room}job second cores 4`, 2), ["cores-per-task 4→2 at alpha"]);
  assert.deepEqual(answers(`${room}job second cores 4 afterok first`, 2), []);
  assert.deepEqual(answers("centre alpha 4 cores unreachable\njob first cores 4", 1), []);
});

test("what is not queued has no answer", () => {
  const world = runScenario("centre alpha 4 cores\njob first cores 4\nplace");
  assert.equal(world.whatIf({ job: jobId(1), index: 0 }, 0), null);
  assert.equal(world.whatIf({ job: jobId(2), index: 0 }, 0), null);
});

test("every answer starts, and none of its amounts could be larger, on random networks", () => {
  const number = (least: number, most: number) => fc.integer({ min: least, max: most });
  const pools = fc.array(fc.tuple(number(1, 3), number(1, 8), number(0, 4), number(0, 2)), {
    minLength: 1,
    maxLength: 3,
  });
  const jobs = fc.array(
    fc.tuple(number(1, 8), number(1, 3), number(0, 4), number(1, 900), fc.boolean(), number(0, 12)),
    { minLength: 1, maxLength: 6 },
  );
  const bound = fc.option(number(1, 24));
  const ordered = fc.constantFrom<Policy>(policies.fcfs, policies.easy, policies["sjf-easy"], policies.weir);
  let answered = 0;
  fc.assert(
    fc.property(pools, jobs, number(0, 6), ordered, bound, (sizes, asks, started, policy, most) => {
      const lines = sizes.map(
        ([count, cores, cards, kind], at) =>
          `pool c${at}/main ${count}×${cores} memory 800${cards > 0 ? ` cards ${cards} x/k${kind}` : ""} ${kind === 2 ? "limit 120" : ""}`,
      );
      if (most !== null) lines.push(`cores project 1 ${most}`);
      asks.forEach(([cores, nodes, cards, memory, isOnly, beside], at) => {
        if (at === started) lines.push("place");
        const wishes = isOnly ? "only c0" : "";
        const accelerators = cards > 0 ? `cards ${cards} x/k0` : "";
        lines.push(
          `job j${at} cores ${cores} nodes ${nodes} tasks ${nodes + beside} memory ${memory} time ${memory} ${accelerators} ${wishes}`,
        );
      });
      // Settled, as the live network is whenever somebody asks: what can start has started, and cannot be packed otherwise.
      const text = [...lines, "place"].join("\n");
      const world = runScenario(text, policy);
      for (let job = 1; job <= asks.length; job += 1) {
        const found = world.whatIf({ job: jobId(job), index: 0 }, 0);
        for (const each of found ?? []) {
          assertStarts(text, job, policy, each);
          assertLargest(text, job, policy, each);
        }
        answered += found?.length ?? 0;
      }
    }),
    { numRuns: 200 },
  );
  assert(answered > 100, `${answered} answers were tried`);
});

test("another region for its data, and equipment of whatever make, where the job itself asks otherwise", () => {
  const text = `
    centre alpha  2 cores region cn-gz
    centre beta   8 cores region cn-sd
    job    first  cores 2 only alpha
    place
    job    bound  cores 2 residency cn-gz
    expect bound waits alpha: cores-busy, beta: outside-residency`;
  assert.deepEqual(answers(text, 2), ["region cn-sd at beta", "without --residency=cn-gz at beta"]);
  const marked = `
    pool alpha/gpu  1×8 cards 2 nvidia/a100
    pool beta/npu   1×8 cards 1 huawei/ascend
    job  first  cards 1 huawei/ascend
    place
    job  bound  cards 1 any domestic
    expect bound waits alpha: not-domestic, beta: accelerators-busy`;
  assert.deepEqual(answers(marked, 2), ["without --domestic at alpha"]);
  const ruled = `bound project 1 domestic\n${marked}`;
  assert.deepEqual(answers(ruled, 2), []);
});
