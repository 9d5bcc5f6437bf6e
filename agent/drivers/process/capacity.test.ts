import assert from "node:assert/strict";
import { test } from "node:test";
import { capacityOf } from "./capacity.ts";

const machine = { cores: 2, memoryBytes: 16 * 2 ** 30 };

test("the machine less a reserve, divided over its cores", () => {
  assert.deepEqual(capacityOf({}, machine), { cores: 2, memoryMib: 14_336, memoryMibPerCore: 7168 });
  assert.deepEqual(capacityOf({ WEIR_LOCAL_CORES: "64" }, machine), {
    cores: 64,
    memoryMib: 14_336,
    memoryMibPerCore: 224,
  });
  assert.equal(capacityOf({}, { cores: 1, memoryBytes: 512 * 2 ** 20 }).memoryMib, 256);
});

test("settings that are no positive integers are refused by name", () => {
  for (const value of ["0", "-1", "1.5", "many", "1e3"])
    assert.throws(
      () => capacityOf({ WEIR_LOCAL_MEMORY_MIB: value }, machine),
      /WEIR_LOCAL_MEMORY_MIB must be an integer/,
    );
});
