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
  "a simulated centre takes only what names it or says what to simulate": `
    centre aaa    simulated 8 cores
    centre real   1 cores
    job plain   cores 1
    job wide    cores 4
    job named   cores 4  only aaa
    job says    cores 4  says-simulated
    job liked   cores 4  prefer aaa
    expect plain starts real
    expect wide impossible
    expect wide waits aaa: only-simulated-work, real: too-few-cores
    expect liked waits aaa: only-simulated-work, real: too-few-cores
    expect named starts aaa
    expect says starts aaa
    place
    job also    says-simulated
    job again
    expect also waits aaa: cores-busy, real: cores-busy
    expect again waits aaa: only-simulated-work, real: cores-busy
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
    expect one waits alpha: not-in-service, gamma: not-in-service
    expect one impossible
    job there only beta
    expect there waits alpha: not-among-wished, beta: not-in-service, gamma: not-among-wished
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
  "a job needs nodes that each have all of it: holes on many nodes are no room for a large one": `
    pool alpha/batch  64×4
    job large  cores 64
    expect large waits alpha: too-few-nodes-alike
    expect large impossible
    pool alpha/fat  1×64
    expect large starts alpha/fat
    job fill   cores 3 array 1-64 prefer alpha
    job four   cores 4
    place
    expect four waits alpha: nodes-busy
    end fill_7 ok
    expect four starts alpha/batch
  `,
  "several nodes: as many as are asked, each with its part": `
    pool alpha/batch  2×8 cards 4 x/npu  2×8
    job two    nodes 2 cores 8 cards 4 x/npu
    job three  nodes 3 cores 8 cards 1 x/npu
    job four   nodes 4 cores 8
    expect three waits alpha: too-few-nodes-alike
    expect three impossible
    expect two starts alpha
    expect four waits alpha: cores-busy
    place
    expect four waits alpha: cores-busy
    end two ok
    expect four starts alpha
  `,
  "jobs without cards leave the nodes with cards to those who ask for them": `
    pool alpha/batch  1×8 cards 8 x/npu  1×8
    job plain  cores 4 array 0-1
    job cards  cores 8 cards 8 x/npu
    expect cards starts alpha
  `,
  "a pool's own limits: time, least and most nodes": `
    pool alpha/short  8×4 limit 600 most 2
    pool alpha/wide   8×4 least 4
    job long   time 601
    job three  nodes 3
    job brief  time 600
    job broad  nodes 4 time 86400
    expect long waits alpha: below-least-nodes
    expect three waits alpha: below-least-nodes
    expect three impossible
    expect brief starts alpha/short
    expect broad starts alpha/wide
    pool beta/short  1×4 limit 60
    expect long waits alpha: below-least-nodes, beta: time-limit-above-pool
  `,
  "drained and down pools and nodes start nothing, and refuse nothing for ever": `
    pool alpha/batch  2×8 drained
    job one  cores 8
    expect one waits alpha: pool-drained
    pool alpha/batch  1×8 down  1×8 maintenance  1×4
    expect one waits alpha: nodes-out
    pool alpha/batch  1×8 draining  1×8
    job two  nodes 2 cores 8
    expect one starts alpha
    expect two waits alpha: nodes-out
    pool alpha/batch  2×8
    end one ok
    expect two starts alpha
  `,
  "who waits holds the pools it may use, and no others of the centre": `
    pool alpha/batch  1×8
    pool alpha/accel  1×8 cards 8 x/npu
    job there  cores 1 cards 8 x/npu
    place
    job cards  cards 1 x/npu
    job plain  cores 8
    job small  cores 1
    expect cards waits alpha: accelerators-busy
    expect plain starts alpha/batch
    expect small waits alpha: behind-in-queue
  `,
  "others' work: what the engine reports as free, less what was placed since": `
    pool alpha/batch  2×8 free 3 foreign
    job four   cores 4
    expect four waits alpha: nodes-busy
    job three  cores 3 array 0-2
    pool alpha/batch  2×8 free 4 foreign
    expect four starts alpha
    expect three_0 starts alpha
    place
    expect three_1 waits alpha: cores-busy
    running four
    running three_0
    pool alpha/batch  1×8 free 0  1×8 free 1 foreign ours 7
    expect three_1 waits alpha: cores-busy
    pool alpha/batch  1×8 free 4  1×8 free 1 foreign ours 7
    expect three_1 starts alpha
  `,
  "a shared pool takes up to so many of a project's like into its own queue, early and not held": `
    pool alpha/batch  1×8 free 0 foreign shared pending 2
    job mine    cores 8 array 0-4
    job yours   cores 8 of 2
    job small   cores 1 of 2
    expect mine_0 queues alpha
    expect mine_1 queues alpha
    expect mine_2 waits alpha: pool-queue-full
    expect yours queues alpha
    expect small queues alpha
    place
    queued mine_0
    queued mine_1
    expect mine_2 waits alpha: pool-queue-full
    running mine_0
    pool alpha/batch  1×8 free 0 foreign shared pending 2 ours 8
    expect mine_2 queues alpha
    expect mine_3 waits alpha: pool-queue-full
  `,
  "what starts now elsewhere does not join a queue; of queues that with most free, then with fewest of ours": `
    pool alpha/batch  1×8 free 0 foreign shared
    pool beta/batch   1×8 free 0 foreign shared
    centre gamma  4 cores
    job one    cores 4
    job two    cores 4 prefer alpha
    job three  cores 4
    job four   cores 4 prefer gamma
    expect one starts gamma
    expect two queues alpha
    expect three queues beta
    expect four queues alpha
    pool beta/batch   1×8 free 2 foreign shared
    expect four queues beta
  `,
  "what waits in a shared pool's queue takes no hole from what fits it": `
    pool alpha/batch  1×8 free 2 foreign shared pending 1
    job large  cores 8
    place
    queued large
    job small  cores 2 array 0-1
    expect small_0 starts alpha
    expect small_1 queues alpha
    place
    running small_0
    pool alpha/batch  1×8 free 0 foreign shared pending 1 ours 2
    queued small_1
    job next   cores 8
    expect next waits alpha: pool-queue-full
  `,
  "an opportunistic pool gets only what fits now": `
    pool alpha/spare  2×8 free 4 foreign opportunistic
    job fits  cores 4 array 0-2
    expect fits_1 starts alpha
    expect fits_2 waits alpha: cores-busy
    place
    queued fits_0
    expect fits_2 waits alpha: cores-busy
  `,
  "a centre that drains or is suspended gets nothing new and refuses nothing; one that leaves is no more asked": `
    centre alpha  4 cores
    job one
    centre alpha  draining
    expect one waits alpha: takes-nothing-new
    centre alpha  suspended
    expect one waits alpha: takes-nothing-new
    centre alpha  open
    expect one starts alpha
    centre alpha  leaving
    expect one waits alpha: leaves-the-network
    expect one impossible
  `,
  "a pool that becomes shared, and ceases to be": `
    pool alpha/batch  1×4
    job long  cores 4
    place
    job mine  cores 4
    job yours cores 4 of 2
    expect mine waits alpha: cores-busy
    pool alpha/batch  1×4 shared pending 1
    expect mine queues alpha
    expect yours queues alpha
    pool alpha/batch  1×4
    expect yours waits alpha: cores-busy
    end long ok
    expect mine starts alpha
    expect yours waits alpha: cores-busy
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
