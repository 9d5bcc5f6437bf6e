import assert from "node:assert/strict";
import { test } from "node:test";
import { unseenOf } from "./forerunners.ts";

test("whom the policy does not let in may have runs that nobody sees; root, in a mapping by a slip, never had one", () => {
  const look = (user: string, refused: string | null) => ({ user, refused });
  assert.equal(unseenOf([look("li", null), look("root", "root")]), null);
  assert.equal(unseenOf([look("root", "root"), look("wang", "group")])?.user, "wang");
});
