import type { Handlers } from "#server/http/handler.ts";
import { actHandlers } from "./acts.ts";
import { agentHandlers } from "./agents.ts";
import { agreementsHandlers } from "./agreements.ts";
import { centreAccountHandlers } from "./centre-accounts.ts";
import { centreCapacityHandlers } from "./centre-capacity.ts";
import { centreLimitHandlers } from "./centre-limits.ts";
import { centreTermsHandlers } from "./centre-terms.ts";
import { centreHandlers } from "./centres.ts";
import { connectionTestHandlers } from "./connection-tests.ts";
import { eventHandlers } from "./events.ts";
import { historyExportHandlers } from "./history-export.ts";
import { jobHandlers } from "./jobs.ts";
import { logHandlers } from "./logs.ts";
import { networkHandlers } from "./network.ts";
import { peopleHandlers } from "./people.ts";
import { policyHandlers } from "./policy.ts";
import { sessionHandlers } from "./sessions.ts";
import { submitHandlers } from "./submit.ts";
import { usageHandlers } from "./usage.ts";
import { whyHandlers } from "./why.ts";

/** Every route's handler, from the parts of the server they act on. */
export function createHandlers(parts: Parts): Handlers {
  return {
    ...networkHandlers(parts),
    ...sessionHandlers(parts),
    ...submitHandlers(parts),
    ...jobHandlers(parts),
    ...whyHandlers(parts),
    ...logHandlers(parts),
    ...eventHandlers(parts),
    ...usageHandlers(parts),
    ...historyExportHandlers(parts),
    ...centreHandlers(parts),
    ...centreTermsHandlers(parts),
    ...centreCapacityHandlers(parts),
    ...centreAccountHandlers(parts),
    ...centreLimitHandlers(parts),
    ...connectionTestHandlers(parts),
    ...peopleHandlers(parts),
    ...actHandlers(parts),
    ...policyHandlers(parts),
    ...agreementsHandlers(parts),
    ...agentHandlers(parts),
  };
}

export type Parts = Parameters<typeof networkHandlers>[0] &
  Parameters<typeof centreHandlers>[0] &
  Parameters<typeof centreTermsHandlers>[0] &
  Parameters<typeof centreAccountHandlers>[0] &
  Parameters<typeof connectionTestHandlers>[0] &
  Parameters<typeof sessionHandlers>[0] &
  Parameters<typeof submitHandlers>[0] &
  Parameters<typeof jobHandlers>[0] &
  Parameters<typeof whyHandlers>[0] &
  Parameters<typeof logHandlers>[0] &
  Parameters<typeof eventHandlers>[0] &
  Parameters<typeof peopleHandlers>[0] &
  Parameters<typeof policyHandlers>[0] &
  Parameters<typeof agentHandlers>[0];
