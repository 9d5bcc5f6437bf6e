import assert from "node:assert/strict";
import { test } from "node:test";
import { residencyNotes } from "#core/centre/residency.ts";
import { phraseWords } from "#core/job/phrase.ts";

const centre = (id: string, region: string | null, lifeCycle = "in-service") => ({ id, region, lifeCycle });
const centres = [centre("jinan", "cn-sd"), centre("guiyang", "cn-gz"), centre("bonn", "de-nw", "trial")];
const said = (residency: readonly string[], among = centres) => {
  const { isNowhere, notes } = residencyNotes(residency, among);
  return [isNowhere, ...notes.map((note) => phraseWords(note, "en"))];
};

test("a rule about where data may be says which centres it leaves, and which of its regions lead nowhere", () => {
  assert.deepEqual(said(["cn"]), [false, "centres in service that lie there: jinan, guiyang"]);
  assert.deepEqual(said(["cn-sd", "fr"]), [
    false,
    "centres in service that lie there: jinan",
    "no centre in service lies in fr",
  ]);
});

test("what no centre in service lies in would run nowhere; one that does not say where it lies is named", () => {
  const nowhere = "no centre in service lies in de: nothing would run until one does";
  assert.deepEqual(said(["de"]), [true, nowhere], "one on trial is not in service");
  assert.deepEqual(said(["de"], [...centres, centre("local", null)]), [
    true,
    nowhere,
    "left out, since nobody says where they lie: local (weir centre terms)",
  ]);
});
