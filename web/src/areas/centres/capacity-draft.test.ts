import assert from "node:assert/strict";
import { test } from "node:test";
import {
  draftOf,
  fieldOf,
  gigaflopsOf,
  type LineDraft,
  linesWith,
  newDraft,
  type StatedLine,
  stagesFrom,
} from "./capacity-draft.ts";

const line: StatedLine = {
  line: 3,
  site: "east",
  phase: "2",
  pool: null,
  device: { vendor: "huawei", model: "ascend-910", count: 64 },
  precision: "fp16",
  sparsity: "dense",
  basis: "nominal",
  valueGigaflops: "1048576001",
  lifeCycle: "building",
  inServiceFrom: "2027-06",
  regionCode: "370100",
  evidence: "data sheet",
};
const stated = { centre: "jinan", version: 7, setBy: "admin", setMs: 1, lines: [line] };

test("a line opened in the form and sent as it is has not changed, to the last gigaflops", () => {
  const draft = draftOf(line, 7);
  assert.deepEqual([draft.figure, draft.unit, draft.base], ["1.048576001", "E", 7]);
  for (const value of ["1048576001", "1", "999", "256000", "1000000000", "300000000"]) {
    const gigaflops = gigaflopsOf(draftOf({ ...line, valueGigaflops: value }, 7));
    assert.equal(`${gigaflops}`, value);
  }
  assert.deepEqual(linesWith(stated, 3, draft), { lines: [line], at: 0 });
});

test("a new line is the last, of the whole centre where nothing is named; its site's region is known", () => {
  const draft = { ...newDraft(7), figure: " 300 ", site: " " } as LineDraft;
  assert.equal(gigaflopsOf(draft), 300_000_000n);
  const { lines, at } = linesWith(stated, null, draft);
  assert.equal(at, 1);
  const of = lines[1];
  assert.deepEqual([of?.line, of?.site, of?.device, of?.regionCode, of?.evidence], [undefined, null, null, null, ""]);
  assert.equal(linesWith(stated, null, { ...draft, site: "east" }).lines[1]?.regionCode, "370100");
  assert.equal(gigaflopsOf({ ...draft, figure: "many" }), 0n);
});

test("what may follow a stage is offered; a refusal is shown at the field of its line", () => {
  assert.deepEqual(stagesFrom("building"), ["building", "trial", "retired"]);
  assert.deepEqual(stagesFrom(null), ["planned", "building", "trial", "in-service"]);
  assert.deepEqual(
    ["lines[1].evidence", "lines[1].valueGigaflops", "lines[1].device.count", "lines[0].evidence", "lines[1]"].map(
      (path) => fieldOf(path, 1),
    ),
    ["evidence", "figure", "count", "lines[0].evidence", "lines[1]"],
  );
});
