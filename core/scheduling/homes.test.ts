import assert from "node:assert/strict";
import { test } from "node:test";
import { noOffers } from "#core/centre/engine.ts";
import { centreId, jobId, personId, projectId, tenantId } from "#core/ids.ts";
import { orderWords } from "#core/scheduling/order-words.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";
import { poolOfNodes, runScenario } from "./scenario-testing.ts";
import { createWorld, type World } from "./world.ts";
import type { CentreState, WorldEvent } from "./world-event.ts";

// Nobody is worse off: who would have started on its home alone by now goes ahead of visitors there.

const plain: Policy = { ...policies.weir, fairness: null, prediction: null, lookahead: null };
const policy: Policy = { ...plain, homePriority: { afterS: 100, allowanceS: null, allowancePerJobS: 0 } };

/** A visitor has the centre, long work of the centre's own waits behind it, and then a short visitor comes. */
function lateBy(seconds: number, more = ""): string {
  return `
    centre alpha  4 cores
    job guest   cores 4 time 5000 tenant 2 of 2 by 2
    place
    running guest
    job own     cores 4 time 3000
    job brief   cores 4 time 60 tenant 2 of 2 by 2
    ${more}
    at ${seconds}
    end guest ok
  `;
}

test("a task past its virtual start goes ahead of a visitor at its home, and nobody else's does", () => {
  const ownFirst = "expect own starts alpha \n expect brief waits alpha: cores-busy";
  const visitorFirst = "expect brief starts alpha \n expect own waits alpha: cores-busy";
  runScenario(`home 1 alpha ${lateBy(500)} ${ownFirst}`, policy);
  runScenario(`home 1 alpha ${lateBy(102)} ${ownFirst}`, policy);
  runScenario(`home 1 alpha ${lateBy(100)} ${visitorFirst}`, policy);
  runScenario(`home 1 alpha ${lateBy(500)} ${visitorFirst}`, { ...policy, homePriority: null });
  runScenario(`home 1 beta ${lateBy(500)} ${visitorFirst}`, policy);
  runScenario(`${lateBy(500)} ${visitorFirst}`, policy);
});

test("a late task that ran and waits again still goes ahead of a visitor", () => {
  runScenario(
    `home 1 alpha ${lateBy(500)}
     place
     running own
     centre alpha  5 cores
     job tiny    cores 1 time 9000 tenant 2 of 2 by 2
     at 600
     place
     at 700
     retry own
     expect own starts alpha`,
    policy,
  );
});

test("among the centre's own nobody goes ahead; a visitor near its longest wait gives way to nobody", () => {
  runScenario(`home 1 alpha \n home 2 alpha ${lateBy(500)} expect brief starts alpha`, policy);
  runScenario(`home 1 alpha ${lateBy(500)} expect own starts alpha`, { ...policy, maxWaitS: 400, guardLeadS: 0 });
  runScenario(
    `home 1 alpha ${lateBy(500, "at 50 \n job later cores 4 time 60 tenant 2 of 2 by 2")} expect own starts alpha`,
    policy,
  );
});

test("its own that does not fit at its home, or may not run there, keeps no visitor away", () => {
  const beside = "job wide cores 8 time 60 by 3 \n job away cores 4 time 60 by 4 except alpha";
  runScenario(
    `home 1 alpha ${lateBy(500, beside)}
     expect own starts alpha
     place
     end own ok
     expect brief starts alpha`,
    policy,
  );
});

test("its own that may hold no more cores, or missed its deadline, keeps no visitor away", () => {
  const visitorFirst = "expect brief starts alpha";
  runScenario(`home 1 alpha \n cores tenant 1 3 ${lateBy(500)} ${visitorFirst}`, policy);
  const dated = lateBy(500).replace("time 3000", "time 3000 deadline 3400");
  runScenario(`home 1 alpha ${dated} expect own overdue \n ${visitorFirst}`, policy);
});

test("what waits for another job comes to its home when that has ended, and no sooner", () => {
  const text = (untilS: number) => `
    home 1 alpha
    centre alpha  4 cores
    job guest   cores 4 time 5000 tenant 2 of 2 by 2
    job first   cores 4 time 1000 except alpha
    place
    running guest
    job own     cores 4 time 3000 afterany first
    job brief   cores 4 time 60 tenant 2 of 2 by 2
    at 500
    end first ok
    at ${untilS}
    end guest ok
  `;
  runScenario(`${text(590)} expect brief starts alpha`, policy);
  runScenario(`${text(610)} expect own starts alpha`, policy);
});

test("where one started ahead of its turn, who asked for the same keeps its place behind others", () => {
  runScenario(
    `
    centre one 2 cores
    home 1 one
    job a cores 1 time 10  tenant 2 of 2 by 2
    job b cores 1 time 10  tenant 3 of 3 by 3
    job c cores 1 time 30  tenant 3 of 3 by 3
    job d cores 1 time 60
    job e cores 2 time 110 tenant 3 of 3 by 3
    job f cores 2 time 110
    job g cores 2 time 80  tenant 3 of 3 by 3
    job h cores 1 time 50
    place
    running a
    running b
    at 10
    end a ok
    end b ok
    place
    running d
    running h
    at 60
    end h ok
    place
    running c
    at 70
    end d ok
    at 90
    end c ok
    expect f starts one
    place
    running f
    at 100
    end f ok
    expect g starts one
    `,
    { ...policies.weir, lookahead: null, homePriority: { afterS: 20, allowanceS: null, allowancePerJobS: 0 } },
  );
});

test("why a task waits says since when it would have run at home, and whether it goes ahead there", () => {
  const world = runScenario(`home 1 alpha ${lateBy(5000)}`, policy);
  const explained = (nowS: number) => world.explain({ job: jobId(2), index: 0 }, nowS * 1000);
  const before = explained(101);
  assert(before.kind === "waiting" && before.order?.home);
  assert.deepEqual(before.order.home, { centre: "alpha", lateS: 101, goesAhead: true });
  assert.match(
    orderWords(before.order, policies.weir, "en"),
    /on its home alpha alone .* 1 min 41 s ago, so it goes ahead/,
  );
  assert.match(orderWords(before.order, policies.weir, "zh"), /所属中心 alpha .*1 分钟 41 秒前.*先于外来作业/);
  assert.deepEqual(
    [explained(100)].map((one) => one.kind === "waiting" && one.order?.home?.goesAhead),
    [false],
  );
  const visitor = world.explain({ job: jobId(3), index: 0 }, 5_000_000);
  assert(visitor.kind === "waiting" && visitor.order && visitor.order.home === null);
});

/** Every 100 s one of alpha's own comes and runs for 90 s on all of it; then a visitor comes that is at home at beta. */
function usedBy(own: number, visitor: string, more = ""): string {
  const jobs = Array.from(
    { length: own },
    (_, at) => `
    at ${100 * at}
    job own${at} cores 4 time 90 only alpha
    place
    running own${at}
    at ${100 * at + 90}
    end own${at} ok`,
  );
  return `
    centre alpha  4 cores
    centre beta   4 cores
    home 1 alpha
    home 2 beta
    job busy cores 4 time 90000 tenant 2 of 2 by 2 only beta
    place
    running busy
    ${more}
    ${jobs.join("\n")}
    job guest cores 1 ${visitor}`;
}

test("a visitor is kept away from a home whose own users would wait longer for it than alone", () => {
  const tight: Policy = { ...plain, homePriority: { afterS: 100, allowanceS: 50, allowancePerJobS: 0 } };
  const visits = "tenant 2 of 2 by 2";
  runScenario(
    `${usedBy(9, `time 5000 ${visits}`)} \n expect guest waits alpha: kept-for-home, beta: cores-busy`,
    tight,
  );
  runScenario(`${usedBy(9, `time 5000 ${visits}`)} \n expect guest starts alpha`, policy);
  runScenario(`${usedBy(9, `time 90 ${visits}`)} \n expect guest starts alpha`, tight);
  runScenario(`${usedBy(9, "time 5000")} \n expect guest starts alpha`, tight);
  runScenario(`${usedBy(9, "time 5000 tenant 3 of 3 by 3")} \n expect guest starts alpha`, tight);
  runScenario(`${usedBy(1, `time 5000 ${visits}`)} \n expect guest starts alpha`, tight);
});

test("it waits for its own home, and is let in where that could never take it, or is nobody's home any more", () => {
  const tight: Policy = { ...plain, homePriority: { afterS: 100, allowanceS: 50, allowancePerJobS: 0 } };
  const guest = usedBy(9, "time 5000 tenant 2 of 2 by 2");
  const starts = "expect guest starts alpha";
  runScenario(`${guest} except beta \n ${starts}`, tight);
  runScenario(`${guest} \n end busy ok \n expect guest starts beta`, tight);
  runScenario(
    `${guest} \n expect guest waits alpha: kept-for-home, beta: cores-busy \n home 2 alpha \n ${starts}`,
    tight,
  );
  const world = runScenario(`${guest} \n expect guest waits alpha: kept-for-home, beta: cores-busy`, tight);
  world.apply({ kind: "policy-set", policy, weights: [], atMs: 900_000 });
  assert.deepEqual(
    world.decide(900_000, 10).place.map(({ centre }) => centre),
    ["alpha"],
  );
});

test("one that is kept away keeps nobody else back, and is looked at again though nothing is told", () => {
  const tight: Policy = { ...plain, homePriority: { afterS: 100, allowanceS: 50, allowancePerJobS: 0 } };
  const world = runScenario(
    `${usedBy(9, "time 5000 tenant 2 of 2 by 2")}
     expect guest waits alpha: kept-for-home, beta: cores-busy
     place
     job brief cores 4 time 80 tenant 2 of 2 by 2
     expect brief starts alpha`,
    tight,
  );
  assert.equal(world.decide(891_000, 10).againMs, 951_000);
});

test("how many start later than on their home alone, and by how much", () => {
  const world = runScenario(
    `
    home 1 alpha
    centre alpha  4 cores
    centre beta   4 cores
    job guest   cores 4 time 600 tenant 2 of 2 by 2 only alpha
    place
    running guest
    job late    cores 4 time 100 only alpha
    job soon    cores 4 time 100
    job visitor cores 4 time 100 tenant 2 of 2 by 2 only beta
    at 10
    place
    running soon
    at 60
    end soon ok
    at 200
    place
    running visitor
    at 300
    end visitor ok
    at 400
    end guest ok
    place
    running late
    at 500
    end late ok
    `,
    policy,
  );
  const [home, ...others] = world.homes();
  assert.deepEqual(others, []);
  assert(home);
  const { lateByP99S, ...rest } = home;
  assert.deepEqual(rest, { centre: "alpha", tenants: [1], started: 2, lateShare: 0.5 });
  assert(lateByP99S >= 400 && lateByP99S < 440, `400 s, within a tenth: ${lateByP99S}`);
});

test("a world that is told what another remembered of its homes goes on as it", () => {
  const one = createWorld(policy);
  const other = createWorld(policy);
  const told = (world: World) => {
    world.apply({ kind: "centre-changed", centre: alpha });
    world.apply({ kind: "homes-set", homes: [[tenantId(1), centreId("alpha")]], atMs: 0 });
  };
  told(one);
  for (const job of [1, 2, 3]) one.apply(jobOf(job));
  one.apply(placed(3));
  one.apply({ kind: "run-moved", job: jobId(3), index: 0, attempt: 1, phase: "running", atMs: 1000 });
  one.apply({ kind: "tasks-ended", job: jobId(3), indices: [only], succeeded: true, atMs: 31_000 });
  one.decide(150_000, 10);
  const memory = JSON.parse(JSON.stringify(one.remembered(150_000)));
  told(other);
  other.apply({ kind: "order-remembered", memory });
  for (const job of [2, 1]) other.apply(jobOf(job));
  for (const world of [one, other]) {
    const places = [1, 2].map((job) => {
      const explained = world.explain({ job: jobId(job), index: 0 }, 190_000);
      return explained.kind === "waiting" && explained.order?.home?.lateS;
    });
    assert.deepEqual(places, [190, 90], "virtually the second started when the first had run its hundred seconds");
    assert.equal(world.homes()[0]?.started, 1);
  }
});

test("what its own has waited counts too where its start is told with its end", () => {
  const world = createWorld({ ...plain, homePriority: { afterS: 100, allowanceS: 50, allowancePerJobS: 0 } });
  world.apply({ kind: "centre-changed", centre: alpha });
  world.apply({ kind: "homes-set", homes: [[tenantId(1), centreId("alpha")]], atMs: 0 });
  world.apply(jobOf(1));
  world.apply(placed(1));
  const times = { startedMs: 500_000, atMs: 550_000 };
  world.apply({ kind: "tasks-ended", job: jobId(1), indices: [only], succeeded: true, ...times });
  world.tell(900_000);
  const account = world.remembered(900_000).homes?.[0]?.account;
  assert.equal(account?.gainedS, -500, "alone it would have started at once");
});

test("a task that runs already when its home is told does not wait there", () => {
  const world = createWorld({ ...plain, homePriority: { afterS: 100, allowanceS: 50, allowancePerJobS: 0 } });
  world.apply({ kind: "centre-changed", centre: alpha });
  world.apply(jobOf(1));
  world.apply(placed(1));
  world.apply({ kind: "run-moved", job: jobId(1), index: 0, attempt: 1, phase: "running", atMs: 1000 });
  world.apply({ kind: "homes-set", homes: [[tenantId(1), centreId("alpha")]], atMs: 2000 });
  world.tell(90_000);
  assert.equal(world.remembered(90_000).homes?.[0]?.account?.gainedS, 0);
});

test("what its own array keeps back has not waited for anybody", () => {
  const keeping: Policy = { ...plain, homePriority: { afterS: 100, allowanceS: 50, allowancePerJobS: 0 } };
  const accountOf = (array: string, more = "") => {
    const world = runScenario(
      `home 1 alpha
       centre alpha  4 cores
       job all cores 1 time 100 array ${array}
       place
       running all_0
       at 50
       end all_0 ok
       ${more}`,
      keeping,
    );
    world.tell(80_000);
    return world.remembered(80_000).homes?.[0]?.account;
  };
  const second = accountOf("0-9%1");
  assert.deepEqual([second?.gainedS, second?.jobs], [-29, 2], "of the second, which could run");
  const third = accountOf("0-9%1", "place \n running all_1 \n at 70 \n end all_1 ok \n place \n running all_2");
  assert.deepEqual([third?.gainedS, third?.jobs], [0, 3]);
});

const alpha: CentreState = {
  id: centreId("alpha"),
  driver: "process",
  lifeCycle: "in-service",
  intake: "open",
  connection: "unreachable",
  pools: [poolOfNodes("main", [{ cores: 4 }])],
  offers: noOffers,
  accounts: null,
};
const only = { first: 0, last: 0, step: 1 };

function jobOf(job: number): WorldEvent {
  const shape = { nodes: 1, tasks: 1, coresPerTask: 4, memory: { kind: "default" }, accelerators: null } as const;
  const who = { tenant: tenantId(1), project: projectId(1), person: personId(1), name: `job ${job}` };
  const rest = {
    array: null,
    dependencies: [],
    wishes: { only: [], except: [], prefer: [] },
    demands: null,
    past: null,
  };
  return { kind: "job-queued", job: jobId(job), submittedMs: job, ...who, shape, timeLimitS: 100, ...rest };
}

function placed(job: number): WorldEvent {
  const [nodes, tasks, coresPerTask, coresPerNode] = [1, 1, 4, 4];
  const cards = { acceleratorsPerNode: 0, acceleratorVendor: null, acceleratorModel: null };
  const allocation = { nodes, tasks, coresPerTask, coresPerNode, memoryMibPerNode: 400, ...cards };
  const where = { centre: centreId("beta"), pool: "main", allocation };
  return { kind: "task-placed", job: jobId(job), index: 0, attempt: 1, ...where, phase: "sent", atMs: 500 };
}
