import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGres, parseMemoryMib, parseSignal, parseTimeS, splitList } from "#core/job/slurm-values.ts";

test("all of Slurm's time formats", () => {
  const formats: Record<string, number | null> = {
    "90": 5400,
    "0:30": 30,
    "5:00": 300,
    "02:30:00": 9000,
    "1-0": 86_400,
    "1-02": 93_600,
    "1-02:30": 95_400,
    "1-02:30:00": 95_400,
    "1-02:30:15": 95_415,
    "": null,
    "1h": null,
    "-5": null,
    "1:2:3:4": null,
    "1.5": null,
    "1-00:00:00000": null,
    "1-00:": null,
  };
  for (const [text, seconds] of Object.entries(formats)) assert.equal(parseTimeS(text), seconds, text);
});

test("sizes are MiB, rounded up", () => {
  const sizes: Record<string, number | null> = {
    "4G": 4096,
    "4096M": 4096,
    "4096": 4096,
    "4g": 4096,
    "1T": 1_048_576,
    "1K": 1,
    "1025K": 2,
    "0": 0,
    "4GB": null,
    "1.5G": null,
    "-1": null,
    "": null,
  };
  for (const [text, mib] of Object.entries(sizes)) assert.equal(parseMemoryMib(text), mib, text);
});

test("generic resources", () => {
  assert.deepEqual(parseGres("gpu"), { name: "gpu", type: null, count: 1 });
  assert.deepEqual(parseGres("gpu:2"), { name: "gpu", type: null, count: 2 });
  assert.deepEqual(parseGres("npu:Ascend910B:8"), { name: "npu", type: "ascend910b", count: 8 });
  assert.deepEqual(parseGres("gres/gpu:a100:2"), { name: "gpu", type: "a100", count: 2 });
  assert.deepEqual(parseGres("gres/gpu=4"), { name: "gpu", type: null, count: 4 });
  assert.deepEqual(parseGres("gpu:3090:2"), { name: "gpu", type: "3090", count: 2 });
  for (const text of ["", "gpu:", "gpu:a:b:2", "gpu:-1", "gpu:1:b"]) assert.equal(parseGres(text), null, text);
});

test("signals and lists", () => {
  assert.deepEqual(parseSignal("B:TERM@120"), { name: "TERM", toScript: true, beforeS: 120 });
  assert.deepEqual(parseSignal("USR1"), { name: "USR1", toScript: false, beforeS: 60 });
  assert.equal(parseSignal("TERM@soon"), null);
  assert.deepEqual(splitList("ALL,A=1,B='x,y'"), ["ALL", "A=1", "B=x,y"]);
});
