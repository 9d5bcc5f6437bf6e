import * as network from "./migrations/0001-network.ts";
import * as reads from "./migrations/0002-reads.ts";
import * as arrayUsage from "./migrations/0003-array-usage.ts";
import * as pools from "./migrations/0004-pools.ts";
import * as declaredLost from "./migrations/0005-declared-lost.ts";
import * as leanSubmissions from "./migrations/0006-lean-submissions.ts";
import * as connectionTests from "./migrations/0007-connection-tests.ts";
import * as centreNames from "./migrations/0008-centre-names.ts";
import * as termsAndIntake from "./migrations/0009-terms-and-intake.ts";
import * as wantedAccounts from "./migrations/0010-wanted-accounts.ts";
import * as engineReported from "./migrations/0011-engine-reported.ts";
import * as centreMarks from "./migrations/0012-centre-marks.ts";
import * as outcomesOfPeople from "./migrations/0013-outcomes-of-people.ts";
import * as policy from "./migrations/0014-policy.ts";
import * as preemptedRuns from "./migrations/0016-preempted-runs.ts";
import * as needsCredential from "./migrations/0017-needs-credential.ts";
import * as credentialsOfCentre from "./migrations/0018-credentials-of-a-centre.ts";
import * as homeCentres from "./migrations/0020-home-centres.ts";
import * as coreLimits from "./migrations/0023-core-limits.ts";
import * as refusals from "./migrations/0024-refusals.ts";
import * as grants from "./migrations/0026-grants.ts";
import * as places from "./migrations/0027-places.ts";

/** In the order they are applied. A migration that has shipped never changes; the next one mends it. */
export const migrations: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "0001-network", sql: network.sql },
  { name: "0002-reads", sql: reads.sql },
  { name: "0003-array-usage", sql: arrayUsage.sql },
  { name: "0004-pools", sql: pools.sql },
  { name: "0005-declared-lost", sql: declaredLost.sql },
  { name: "0006-lean-submissions", sql: leanSubmissions.sql },
  { name: "0007-connection-tests", sql: connectionTests.sql },
  { name: "0008-centre-names", sql: centreNames.sql },
  { name: "0009-terms-and-intake", sql: termsAndIntake.sql },
  { name: "0010-wanted-accounts", sql: wantedAccounts.sql },
  { name: "0011-engine-reported", sql: engineReported.sql },
  { name: "0012-centre-marks", sql: centreMarks.sql },
  { name: "0013-outcomes-of-people", sql: outcomesOfPeople.sql },
  { name: "0014-policy", sql: policy.sql },
  { name: "0016-preempted-runs", sql: preemptedRuns.sql },
  { name: "0017-needs-credential", sql: needsCredential.sql },
  { name: "0018-credentials-of-a-centre", sql: credentialsOfCentre.sql },
  { name: "0020-home-centres", sql: homeCentres.sql },
  { name: "0023-core-limits", sql: coreLimits.sql },
  { name: "0024-refusals", sql: refusals.sql },
  { name: "0026-grants", sql: grants.sql },
  { name: "0027-places", sql: places.sql },
];
