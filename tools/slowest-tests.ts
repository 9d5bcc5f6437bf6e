/**
 * What `npm test` begins with: the suites that take longest, so that none of them is still under way when all others
 * are done; those that mostly wait beside those that mostly compute. One that is not named here is only begun later.
 */
export const slowest: readonly string[] = [
  "test/faults.e2e.test.ts",
  "test/faults-engine.e2e.test.ts",
  "test/examples-web.e2e.test.ts",
  "agent/drivers/slurm/faults.e2e.test.ts",
  "test/join-slurm.e2e.test.ts",
  "test/examples.e2e.test.ts",
  "agent/drivers/slurm/rest.e2e.test.ts",
  "test/centres.e2e.test.ts",
  "test/web.e2e.test.ts",
  "agent/contract/contract.test.ts",
  "agent/contract/slurm.e2e.test.ts",
  "agent/contract/data-parser.e2e.test.ts",
  "agent/drivers/slurm/limits.e2e.test.ts",
  "test/start.e2e.test.ts",
  "test/spread.e2e.test.ts",
  "test/slurm-users.e2e.test.ts",
  "test/requeue.e2e.test.ts",
  "agent/drivers/slurm/forerunners.e2e.test.ts",
  "test/cli.e2e.test.ts",
  "local/start.test.ts",
];
