import assert from "node:assert/strict";
import { test } from "node:test";
import { region } from "#api/values.ts";

test("a field of one region says of a country that it is one, and offers no list of codes", () => {
  const said = (value: string) => region.safeParse(value).error?.issues.map(({ message }) => message);
  assert.equal(said("cn-gz"), undefined);
  assert.equal(said("520100"), undefined);
  assert.deepEqual(said("CN"), ["takes one region by its code of ISO 3166-2, as cn-sd, and cn is a whole country"]);
  assert.deepEqual(said("cn-qq"), [
    "must be a region by its code of ISO 3166-2, as cn-sd, or of GB/T 2260, as 370200; is cn-cq meant?",
  ]);
  assert.deepEqual(said("nowhere"), [
    "must be a region by its code of ISO 3166-2, as cn-sd, or of GB/T 2260, as 370200",
  ]);
});
