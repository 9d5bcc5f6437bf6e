import assert from "node:assert/strict";
import { test } from "node:test";
import { maintenanceOf, poolsOf } from "./describe.ts";
import { wordsOf } from "./slurm-text.ts";

// `scontrol --oneliner show reservation` of Slurm 22.05.8 with SLURM_TIME_FORMAT=%s, as it was printed.
const printed = [
  "ReservationName=maint StartTime=1795376291 EndTime=1795383491 Duration=02:00:00 Nodes=jinan1 NodeCnt=1 CoreCnt=8 Features=(null) PartitionName=(null) Flags=MAINT,IGNORE_JOBS,SPEC_NODES TRES=cpu=8 Users=root Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE BurstBuffer=(null) Watts=n/a MaxStartDelay=(null)",
  "ReservationName=maint2 StartTime=1795383491 EndTime=1795390691 Duration=02:00:00 Nodes=jinan[1-2] NodeCnt=2 CoreCnt=16 Features=(null) PartitionName=(null) Flags=MAINT,IGNORE_JOBS,SPEC_NODES,ALL_NODES TRES=cpu=16 Users=root Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE BurstBuffer=(null) Watts=n/a MaxStartDelay=(null)",
  "ReservationName=course StartTime=1795376000 EndTime=1795390691 Duration=02:00:00 Nodes=jinan2 NodeCnt=1 CoreCnt=8 Features=(null) PartitionName=(null) Flags=SPEC_NODES TRES=cpu=8 Users=root Groups=(null) Accounts=(null) Licenses=(null) State=INACTIVE BurstBuffer=(null) Watts=n/a MaxStartDelay=(null)",
].map(wordsOf);
const printedS = 1_795_372_691;

test("each node's next maintenance, as durations; other reservations are none", () => {
  const windows = maintenanceOf(printed, printedS);
  assert.deepEqual(
    [...windows],
    [
      ["jinan1", { startsInMs: 3_600_000, endsInMs: 10_800_000 }],
      ["jinan2", { startsInMs: 10_800_000, endsInMs: 18_000_000 }],
    ],
  );
});

test("one that has begun starts in no time, and one that is over gives way to the next", () => {
  assert.deepEqual(maintenanceOf(printed, 1_795_377_291).get("jinan1"), { startsInMs: 0, endsInMs: 6_200_000 });
  assert.deepEqual(maintenanceOf(printed, 1_795_383_491).get("jinan1"), { startsInMs: 0, endsInMs: 7_200_000 });
  assert.equal(maintenanceOf(printed, 1_795_390_691).size, 0);
});

test("nodes with different windows are no longer alike", () => {
  const [pool] = poolsOf({
    nodes: ["jinan1", "jinan2"].map((name) =>
      wordsOf(`NodeName=${name} CPUTot=8 Partitions=batch State=IDLE RealMemory=9`),
    ),
    partitions: [wordsOf("PartitionName=batch State=UP")],
    maintenance: maintenanceOf(printed, printedS),
    foreign: new Map(),
    ours: new Map(),
    switches: new Map(),
    shardsHeld: new Map(),
    devices: {},
    only: null,
  });
  assert.deepEqual(
    pool?.nodes.map(({ names, maintenance }) => [names, maintenance?.startsInMs]),
    [
      ["jinan1", 3_600_000],
      ["jinan2", 10_800_000],
    ],
  );
});
