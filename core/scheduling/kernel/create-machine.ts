import type { Columns } from "./columns.ts";
import type { Centres, Machine } from "./machine.ts";
import { PlannedMachine } from "./planned-machine.ts";
import type { QueuePolicy } from "./queue-policy.ts";
import { QueuedMachine } from "./queued-machine.ts";

export function createMachine(columns: Columns, policy: QueuePolicy, centres: Centres): Machine {
  return policy.backfill === "conservative"
    ? new PlannedMachine(columns, centres)
    : new QueuedMachine(columns, policy.order, policy.backfill, centres);
}
