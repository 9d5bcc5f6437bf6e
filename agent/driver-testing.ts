import type { Driver } from "#agent/driver.ts";
import { noOffers } from "#core/centre/engine.ts";

/** For tests: a driver that does nothing, each part of which a test may put another in the place of. */
export const idleDriver: Driver = {
  name: "simulated",
  describe: async () => ({ pools: [], offers: noOffers, mechanisms: {} }),
  start: async () => ({ kind: "started" }),
  cancel: async () => "not-there",
  find: async () => [],
  listen: () => {},
  readLog: async () => ({ kind: "none", words: "" }),
  remove: async () => {},
  close: async () => {},
};
