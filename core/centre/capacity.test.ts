import assert from "node:assert/strict";
import { test } from "node:test";
import { type Capacity, capacityWords, readCapacity } from "#core/centre/capacity.ts";
import { capacityTotals, stageOf } from "#core/centre/capacity-totals.ts";
import type { Centre, Pool } from "#core/centre/centre.ts";
import { legalMoves, lifeCycles, move, runsJobs } from "#core/centre/life-cycle.ts";
import { centreId } from "#core/ids.ts";

test("a figure without its precision is refused, naming the remedy", () => {
  const bare = readCapacity("100 P");
  assert(bare.kind === "refused" && bare.rule === "no-precision");
  assert.match(bare.words, /100 P FP16 dense/);
  assert.equal(readCapacity("300 P FP16").kind, "refused", "dense or sparse is not guessed");
  for (const text of ["", "P FP16 dense", "-4 P FP64", "0 P FP64", "100 FP16 dense", "100 Pferde FP16 dense"]) {
    const read = readCapacity(text);
    assert(read.kind === "refused" && read.rule === "no-figure", text);
  }
});

test("what is typed is read exactly", () => {
  const gigaflops = (text: string) => {
    const read = readCapacity(text);
    assert(read.kind === "read", text);
    return `${read.gigaflops} ${read.precision} ${read.sparsity}`;
  };
  assert.equal(gigaflops("100 P FP16 dense"), "100000000 fp16 dense");
  assert.equal(gigaflops("4 PFLOPS FP64"), "4000000 fp64 dense");
  assert.equal(gigaflops("989.4 T bf16 dense"), "989400 bf16 dense");
  assert.equal(gigaflops("1978.9 TFLOPS FP16, sparse"), "1978900 fp16 sparse");
});

function figure(precision: Capacity["precision"], gigaflops: bigint, more: Partial<Capacity> = {}): Capacity {
  return {
    precision,
    sparsity: "dense",
    basis: "nominal",
    gigaflops,
    lifeCycle: "in-service",
    evidence: "data sheet",
    ...more,
  };
}

function ascend(count: number, lifeCycle: Pool["lifeCycle"] = "in-service"): Pool {
  const device = { vendor: "huawei", model: "ascend-910", count, lifeCycle, capacities: [figure("fp16", 256_000n)] };
  return { name: "ai", phase: null, contract: "dedicated", lifeCycle: "in-service", devices: [device], capacities: [] };
}

function centre(pools: Pool[], more: Partial<Centre> = {}): Centre {
  const named = { id: centreId("dalian"), name: "Dalian", regionCode: "210200", driver: "process" as const };
  return { ...named, lifeCycle: "in-service", sites: [], pools, ...more };
}

test("4 096 cards of 256 TFLOPS are 1.049 EFLOPS", () => {
  const [total] = capacityTotals(centre([ascend(4096)]), "in-service");
  assert(total);
  assert.equal(capacityWords(total), "1.049 EFLOPS FP16 dense");
  assert.equal(capacityWords({ precision: "fp64", sparsity: "dense", gigaflops: 4_000_000n }), "4 PFLOPS FP64 dense");
});

test("100 P of AI and 4 P of HPC stay two figures, and so do nominal and measured, dense and sparse", () => {
  const hpc: Pool = {
    ...ascend(0),
    name: "hpc",
    devices: [],
    capacities: [
      figure("fp64", 4_000_000n, { basis: "measured", evidence: "HPL Rmax" }),
      figure("fp64", 5_000_000n),
      figure("fp16", 7n, { sparsity: "sparse" }),
    ],
  };
  const totals = capacityTotals(centre([ascend(391), hpc]), "in-service").map(
    (each) => `${each.precision} ${each.sparsity} ${each.basis} ${each.gigaflops}`,
  );
  assert.deepEqual(totals, [
    "fp64 dense measured 4000000",
    "fp64 dense nominal 5000000",
    "fp16 dense nominal 100096000",
    "fp16 sparse nominal 7",
  ]);
});

test("a device is no further than what it stands in: planned capacity does not count as in service", () => {
  assert.deepEqual(capacityTotals(centre([ascend(10)], { lifeCycle: "planned" }), "in-service"), []);
  assert.equal(capacityTotals(centre([ascend(10)], { lifeCycle: "planned" }), "planned").length, 1);
  const phase = { name: "2", lifeCycle: "building" as const, evidence: "" };
  const sites = [{ name: "east", regionCode: null, address: null, phases: [phase] }];
  const pool = { ...ascend(10), phase: { site: "east", name: "2" } };
  assert.deepEqual(capacityTotals(centre([pool], { sites }), "in-service"), []);
  assert.equal(stageOf(["in-service", "retired", "planned"]), "retired");
});

test("the life-cycle goes planned → building → trial → in service → retired; only capacity in service runs jobs", () => {
  for (let i = 1; i < lifeCycles.length; i++) {
    const [from, to] = [lifeCycles[i - 1], lifeCycles[i]];
    assert(from && to);
    assert.deepEqual(move(from, to), { kind: "moved", lifeCycle: to });
    assert.equal(move(to, "planned").kind, "illegal");
  }
  assert.deepEqual(legalMoves.retired, []);
  assert.deepEqual(move("planned", "in-service"), {
    kind: "illegal",
    from: "planned",
    to: "in-service",
    legal: ["building", "retired"],
  });
  assert.deepEqual(
    lifeCycles.filter((each) => runsJobs[each]),
    ["in-service"],
  );
});
