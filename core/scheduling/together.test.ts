import { test } from "node:test";
import { policies } from "#core/scheduling/policy.ts";
import { runScenario } from "#core/scheduling/scenario-testing.ts";

/** Which nodes a job gets, and what of them: whole nodes, nodes of one group, shares of a card, allowed numbers of cards. */
const scenarios: Record<string, string> = {
  "whole nodes: nobody else is on them, before and after": `
    pool alpha/batch  2×8
    job one    cores 1
    place
    job whole  cores 1 whole
    job both   nodes 2 whole
    expect whole starts alpha
    expect both waits alpha: whole-nodes-busy
    place
    end both ok
    job small  cores 7
    job other  cores 1
    expect small starts alpha
    expect other waits alpha: cores-busy
    end whole ok
    expect other starts alpha
  `,
  "whole nodes of the smallest kind of which there are enough; on one machine: the machine": `
    pool alpha/batch  1×4  3×16
    centre beta  8 cores
    job pair   nodes 2 whole only alpha
    job wide   nodes 5 whole only alpha
    job here   cores 2 whole only beta
    expect wide impossible
    expect pair starts alpha
    place
    job small  cores 4 only alpha
    job rest   cores 16 only alpha
    job rest2  cores 16 only alpha
    job beside cores 1 only beta
    expect small starts alpha
    expect rest starts alpha
    expect rest2 waits alpha: cores-busy, beta: not-among-wished
    expect beside waits alpha: not-among-wished, beta: cores-busy
  `,
  "nodes within one group, or as few as asked": `
    pool alpha/batch  2×8 within leaf1 1×8 within leaf1 free 0 2×8 within leaf2 1×8 within leaf2 free 0 foreign
    job far    nodes 4 cores 8 groups 1
    expect far impossible
    expect far waits alpha: too-few-nodes-together
    job near   nodes 3 cores 8 groups 1
    expect near waits alpha: nodes-together-busy
    end near ok
    job two    nodes 3 cores 8 groups 2
    expect two starts alpha
  `,
  "where nobody said which nodes form a group, none is promised": `
    pool alpha/batch  4×8
    pool beta/batch   4×8 within leaf1
    job near   nodes 2 groups 1
    job again  nodes 2 groups 1 only alpha
    expect near starts beta
    expect again impossible
    expect again waits alpha: no-node-groups, beta: not-among-wished
  `,
  "nodes next to each other, where the centre says which those are": `
    pool alpha/batch  4×8 named n[1-4]  4×8 named n[6-9]  1×8 named n5 down  row n[1-9]
    pool beta/batch   8×8
    job five   nodes 5 cores 8 row only alpha
    job there  nodes 2 cores 8 row only beta
    expect five waits alpha: nodes-out, beta: not-among-wished
    expect there impossible
    expect there waits alpha: not-among-wished, beta: no-node-row
    end five ok
    job four   nodes 4 cores 8 row
    expect four starts alpha
  `,
  "too few in a row: nodes of others stand between them": `
    pool alpha/batch  3×8 named n[1-3]  3×8 named n[5-7]  row n[1-3],other,n[5-7]
    job four   nodes 4 cores 8 row
    expect four impossible
    expect four waits alpha: too-few-nodes-in-a-row
    job three  nodes 3 cores 8 row
    expect three starts alpha
  `,
  "as many nodes of the same kind, others of the row: where they stand is looked at anew": `
    pool alpha/batch  2×8 named n[1-2]  2×8 named n[4-5]  row n[1-5]
    job three  nodes 3 cores 8 row
    expect three waits alpha: too-few-nodes-in-a-row
    pool alpha/batch  2×8 named n[1-2]  2×8 named n[3-4]  row n[1-5]
    expect three starts alpha
  `,
  "where a run is on nodes that nobody told, what is free in a row is so wherever it is": `
    pool alpha/batch  6×8 named n[1-6]  row n[1-6]
    job one    cores 8
    place
    job three  nodes 3 cores 8 row
    expect three starts alpha
    place
    running three on n[4-6]
    job two    nodes 2 cores 8 row
    expect two waits alpha: nodes-in-a-row-busy
    running one on n1
    expect two starts alpha
  `,
  "a run leaves free in a row what is on neither side of it": `
    pool alpha/batch  6×8 named n[1-6]  row n[1-6]
    job one    cores 2
    place
    running one on n3
    job four   nodes 4 cores 8 row
    expect four waits alpha: nodes-in-a-row-busy
    end four ok
    job beside nodes 6 cores 6 row
    expect beside starts alpha
    end beside ok
    job three  nodes 3 cores 8 row
    expect three starts alpha
  `,
  "where others work too, the centre's report says which nodes are free": `
    pool alpha/batch  2×8 named n[1-2] free 8  1×8 named n3 free 0  3×8 named n[4-6] free 8  row n[1-6]  foreign
    job four   nodes 4 cores 8 row
    expect four waits alpha: nodes-in-a-row-busy
    end four ok
    job three  nodes 3 cores 8 row
    expect three starts alpha
  `,
  "a job goes into the smallest group that has enough, so that the larger stays whole": `
    pool alpha/batch  4×8 within leaf1  2×8 within leaf2
    job small  nodes 2 cores 8 groups 1
    place
    job large  nodes 4 cores 8 groups 1
    expect large starts alpha
  `,
  "shares of a card: beside each other on one, never beside who has it whole": `
    centre alpha  64 cores 2 x/npu parts 10
    job first   cards 1 x/npu share 600
    job second  cards 1 x/npu share 400
    place
    job whole   cards 1 x/npu
    expect whole starts alpha
    place
    job third   cards 1 x/npu share 100
    expect third waits alpha: shares-busy
    end first ok
    expect third starts alpha
    job again   cards 1 x/npu share 700
    expect again waits alpha: shares-busy
    end again ok
    job large   cards 1 x/npu
    expect large waits alpha: accelerators-busy
  `,
  "a share is of one card: what is left of several is not added up": `
    pool alpha/batch  2×8 cards 1 x/npu parts 10
    job first   cards 1 x/npu share 600
    job second  cards 1 x/npu share 600
    place
    job fourth  cards 1 x/npu share 400
    job third   cards 1 x/npu share 500
    expect third waits alpha: shares-busy
    expect fourth starts alpha
  `,
  "whole parts are given: what was asked is rounded up to them": `
    centre alpha  64 cores 1 x/npu parts 3
    job one    cards 1 x/npu share 334
    job two    cards 1 x/npu share 333
    place
    job three  cards 1 x/npu share 1
    expect three waits alpha: shares-busy
    end two ok
    expect three starts alpha
  `,
  "at a Slurm site that counts no shards, the refusal names what it would have to set": `
    pool alpha/batch  1×8 cards 2 x/gpu
    job part   cards 1 x/gpu share 500
    expect part impossible
    expect part waits alpha: no-shards
  `,
  "where cards are not given out in parts, a share is refused by name": `
    centre alpha  64 cores 2 x/npu
    centre beta   64 cores 2 y/gpu parts 4
    job part   cards 1 x/npu share 500
    job other  cards 1 y/gpu share 500
    expect part waits alpha: device-not-shared, beta: no-such-accelerator
    expect part impossible
    expect other starts beta
  `,
  "cards in the numbers that a node gives": `
    centre alpha  64 cores 8 huawei/ascend-910 counts 1,2,4,8
    job three  cards 3 huawei/ascend-910
    job four   cards 4 huawei/ascend-910
    expect three waits alpha: count-not-given
    expect three impossible
    expect four starts alpha
  `,
  "an agreed share of the cards counts parts of them too": `
    pool alpha/batch  1×64 cards 2 x/npu parts 4 share 50
    job one    cards 1 x/npu share 750
    place
    job three  cards 1 x/npu share 250
    job two    cards 1 x/npu share 250
    expect three starts alpha
    expect two waits alpha: share-used
  `,
  "backfill: what runs beside makes room for a share at its expected end": `
    centre alpha  64 cores 1 x/npu parts 10
    job long   cards 1 x/npu share 600 time 100
    place
    job part   cards 1 x/npu share 500 time 50
    job late   cards 1 x/npu share 300 time 500
    job large  cards 1 x/npu share 400 time 500
    job short  cards 1 x/npu share 100 time 50
    expect part waits alpha: shares-busy
    expect late starts alpha
    expect large waits alpha: shares-busy
    expect short starts alpha
    place
    at 100
    end long ok
    end short ok
    expect part starts alpha
  `,
  "backfill: nothing that lasts longer starts on a node that is kept for whole nodes": `
    pool alpha/batch  2×8
    job long   cores 1 time 100
    place
    job whole  nodes 2 whole time 50
    job late   cores 1 time 500
    job short  cores 8 time 50
    expect whole waits alpha: whole-nodes-busy
    expect late waits alpha: reserved-for-earlier
    expect short starts alpha
    place
    at 100
    end long ok
    end short ok
    expect whole starts alpha
  `,
  "backfill: a place is kept for one that waits for nodes of one group": `
    pool alpha/batch  2×8 within leaf1  2×8 within leaf2
    job long   nodes 3 cores 8 time 100
    place
    job near   nodes 2 cores 8 groups 1 time 50
    job late   cores 8 time 500
    job short  cores 8 time 50
    expect near waits alpha: cores-busy
    expect late starts alpha
    place
    expect short waits alpha: cores-busy
    at 100
    end long ok
    expect near starts alpha
  `,
  "backfill: a place is kept for one that waits for nodes in a row": `
    pool alpha/batch  6×8 named n[1-6]  row n[1-6]
    job long   cores 8 time 100
    place
    running long on n3
    job four   nodes 4 cores 8 row time 50
    job late   cores 8 time 500
    job short  nodes 2 cores 8 time 50
    expect four waits alpha: nodes-in-a-row-busy
    expect late waits alpha: reserved-for-earlier
    expect short starts alpha
    place
    at 100
    end long ok
    end short ok
    expect four starts alpha
  `,
  "where an engine cannot be asked for whole nodes, they are refused by name": `
    pool alpha/batch  2×8 no-whole-nodes
    job whole  whole
    job plain  cores 8
    expect whole impossible
    expect whole waits alpha: no-whole-nodes
    expect plain starts alpha
  `,
  "whole nodes in the queue of a shared pool have a line of their own": `
    pool alpha/batch  2×8 shared pending 1 foreign free 2
    job whole   whole
    job second  whole
    job plain   cores 8
    expect whole queues alpha
    expect plain queues alpha
    expect second waits alpha: pool-queue-full
  `,
};

for (const [name, text] of Object.entries(scenarios))
  test(name, () => {
    runScenario(text, name.startsWith("backfill") ? policies.easy : policies.fcfs);
  });
