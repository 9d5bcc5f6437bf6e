import assert from "node:assert/strict";
import { test } from "node:test";
import { loadOfCentres } from "./capacity.ts";

type Sited = Parameters<typeof loadOfCentres>[0][number];

test("nothing is free at a centre where nothing can start", () => {
  const ofEach = () => ({ used: 1, others: 2, free: 5, total: 8 });
  const open: Sited = { lifeCycle: "in-service", intake: "open", state: "connected", pools: [] };
  const closed: readonly Sited[] = [
    { ...open, state: "unreachable" },
    { ...open, intake: "draining" },
    { ...open, lifeCycle: "trial" },
  ];
  assert.deepEqual(loadOfCentres([open], ofEach), { used: 1, others: 2, free: 5, total: 8 });
  for (const one of closed)
    assert.deepEqual(loadOfCentres([open, one], ofEach), { used: 2, others: 4, free: 5, total: 16 }, one.state);
});
