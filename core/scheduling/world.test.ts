import { test } from "node:test";
import { runScenario } from "./scenario-testing.ts";

const scenarios: Record<string, string> = {
  "first come, first served, and each starts where most is free": `
    centre alpha  8 cores
    centre beta   6 cores
    job one    cores 4
    job two    cores 4
    job three  cores 4
    expect one starts alpha
    expect two starts beta
    expect three starts alpha
  `,
  "centres alike: the first by name": `
    centre beta   4 cores
    centre alpha  4 cores
    job one  cores 2
    expect one starts alpha
  `,
  "a job that must wait keeps those behind it from the centres it may use, and is the reason they are told": `
    centre alpha  8 cores
    centre beta   4 cores
    job long   cores 2  only alpha
    place
    job whole  cores 8
    job small  cores 1
    job other  cores 1  only beta
    expect whole waits alpha: cores-busy, beta: too-few-cores
    expect small starts beta
    expect other starts beta
    job here   cores 1  only alpha
    expect here waits alpha: behind-in-queue, beta: not-among-wished
    end long ok
    expect whole starts alpha
    expect here waits alpha: cores-busy, beta: not-among-wished
  `,
  "what does not fit by itself is told so, not that somebody is ahead": `
    centre alpha  4 cores
    job long   cores 3
    place
    job whole  cores 4
    job two    cores 2
    job one    cores 1
    expect two waits alpha: cores-busy
    expect one waits alpha: behind-in-queue
  `,
  "memory counts, also the centre's own for a job that named none": `
    centre alpha  8 cores 1000 MiB 200 MiB/core
    job named    cores 1  memory 700 MiB
    job default  cores 2
    job whole    cores 6
    job over     cores 1  memory 1001 MiB
    expect named starts alpha
    expect default waits alpha: memory-busy
    expect whole waits alpha: too-little-memory
    expect whole impossible
    expect over impossible
  `,
  "accelerators by vendor and model, or any; most free first": `
    centre alpha  8 cores  2 huawei/ascend-910
    centre beta   9 cores  4 nvidia/a100
    centre gamma  9 cores
    job any    cards 2 any
    job ascend cards 2 huawei/ascend-910
    job again  cards 1 huawei/ascend-910
    job many   cards 8 nvidia/a100
    expect any starts beta
    expect ascend starts alpha
    expect again waits alpha: accelerators-busy, beta: no-such-accelerator, gamma: no-such-accelerator
    expect many waits alpha: no-such-accelerator, beta: too-few-accelerators, gamma: no-such-accelerator
    expect many impossible
  `,
  "several nodes are refused at a process centre, naming it": `
    centre alpha  8 cores
    job wide  nodes 2
    expect wide waits alpha: several-nodes
    expect wide impossible
  `,
  "wishes: only, except, and the first preferred that can start it": `
    centre alpha  8 cores
    centre beta   2 cores
    centre gamma  1 cores
    job only     only gamma
    job except   except alpha,gamma
    job prefer   prefer beta,gamma
    job full     prefer gamma
    expect only starts gamma
    expect except starts beta
    expect prefer starts beta
    expect full starts alpha
    job nowhere  only delta
    expect nowhere waits alpha: not-among-wished, beta: not-among-wished, gamma: not-among-wished
    expect nowhere impossible
  `,
  "planned and retired capacity never runs a job": `
    centre alpha  100 cores planned
    centre beta   100 cores retired
    centre gamma  100 cores trial
    job one
    expect one waits alpha: not-in-service, beta: not-in-service, gamma: not-in-service
    expect one impossible
    centre alpha
    expect one starts alpha
  `,
  "a centre that cannot be reached gets nothing new, and what runs there stays counted": `
    centre alpha  4 cores
    centre beta   2 cores
    job there   cores 3  only alpha
    place
    centre alpha unreachable
    job next    cores 2
    job behind  cores 2
    expect next starts beta
    expect behind waits alpha: unreachable, beta: cores-busy
    centre alpha
    expect behind waits alpha: cores-busy, beta: cores-busy
    end there ok
    expect next starts alpha
    expect behind starts beta
  `,
  "a centre whose agent never came may still fit; centres come and go": `
    centre alpha never-connected
    job one  cores 64
    expect one waits alpha: never-connected
    centre beta  64 cores
    expect one starts beta
    remove beta
    expect one waits alpha: never-connected
    centre alpha 64 cores
    expect one starts alpha
  `,
  "a network without centres says so": `
    job one
    expect one waits no-centre
  `,
  "an array starts in order, at most %N at once over the whole network, and holds nobody up by it": `
    centre alpha  2 cores
    centre beta   2 cores
    job array  array 1-5%3
    job next
    expect array_1 starts alpha
    expect array_2 starts beta
    expect array_3 starts alpha
    expect array_4 waits array-throttle
    expect next starts beta
    place
    expect array_4 waits array-throttle
    end array_2 ok
    expect array_4 starts beta
    expect array_5 waits array-throttle
  `,
  "a retried task takes its old place": `
    centre alpha  1 cores
    job array  array 0-2
    job next
    place
    retry array_0
    expect array_0 starts alpha
    expect array_1 waits alpha: cores-busy
    end array_0 failed
    expect array_1 starts alpha
    expect next waits alpha: cores-busy
  `,
  "afterok, afterany and afternotok on a plain job": `
    centre alpha  8 cores
    job first
    job ok     afterok first
    job any    afterany first
    job notok  afternotok first
    expect ok waits dependency-waits
    expect any waits dependency-waits
    expect notok waits dependency-waits
    place
    end first ok
    expect ok starts alpha
    expect any starts alpha
    expect notok never
  `,
  "what can never be met ends, and so on down the chain": `
    centre alpha  8 cores
    job first
    job second  afterok first
    job third   afterok second
    job fourth  afternotok third
    place
    end first failed
    expect second never
    expect third waits dependency-waits
    place
    expect third never
    place
    expect fourth starts alpha
  `,
  "a dependency on an array is on all its tasks; the first failure settles afterok": `
    centre alpha  3 cores
    job array  array 0-2
    job all    afterok array
    job notok  afternotok array
    job one    afterok array_1
    place
    end array_1 ok
    expect all waits dependency-waits
    expect one starts alpha
    end array_2 failed
    expect all never
    expect notok waits dependency-waits
    end array_0 ok
    expect notok starts alpha
  `,
  "aftercorr follows task by task": `
    centre alpha  4 cores
    job first   array 1-3
    job second  array 1-3 aftercorr first
    place
    expect second_1 waits dependency-waits
    end first_2 ok
    expect second_2 starts alpha
    expect second_1 waits dependency-waits
    end first_1 failed
    expect second_1 never
    expect second_3 waits dependency-waits
    place
    expect nothing starts
    end first_3 ok
    expect second_3 starts alpha
  `,
  "singleton waits for all earlier jobs of its name, person and project": `
    centre alpha  8 cores
    job one    called train
    job two    called train
    job single called train singleton
    job later  called train singleton
    job other  called train singleton by 2
    expect other starts alpha
    place
    end one ok
    expect single waits singleton-waits
    end two failed
    expect single starts alpha
    expect later waits singleton-waits
    place
    end single ok
    expect later starts alpha
  `,
  "waiting for a dependency holds nobody up": `
    centre alpha  2 cores
    job first  cores 1
    place
    job second cores 2 afterok first
    job third  cores 1
    expect third starts alpha
  `,
  "a cancelled task leaves the queue": `
    centre alpha  1 cores
    job long
    place
    job array  array 0-2
    end array_1 cancelled
    end long ok
    expect array_0 starts alpha
    place
    end array_0 ok
    expect array_2 starts alpha
  `,
  "a centre that shrinks below what runs there starts nothing": `
    centre alpha  8 cores
    job long  cores 6
    place
    centre alpha  4 cores
    job small
    expect small waits alpha: cores-busy
  `,
};

for (const [name, text] of Object.entries(scenarios)) test(name, () => void runScenario(text));
