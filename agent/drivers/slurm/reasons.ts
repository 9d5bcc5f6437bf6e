/**
 * Slurm's reasons for a pending job, by what a user can do about them. `weir why` shows the kind's words and the engine's
 * own word beside it. Source: squeue(1), "job reason codes", and src/common/slurm_protocol_defs.c of 22.05 (its
 * job_reason_string).
 */
export const waitKinds = [
  "resources",
  "priority",
  "held-by-user",
  "held-by-centre",
  "dependency",
  "not-yet",
  "throttled",
  "account-limit",
  "qos-limit",
  "partition-limit",
  "partition-closed",
  "nodes-down",
  "reservation",
  "licences",
  "cannot-run-as-asked",
  "engine-busy",
  "requeued",
] as const;
export type WaitKind = (typeof waitKinds)[number];

/** The kind of a reason word; null for a word that is not in the table, which is then shown as it is. */
export function waitKind(reason: string): WaitKind | null {
  // Some come with their facts: `ReqNodeNotAvail,_UnavailableNodes:c12`, `Nodes_required_for_job_are_DOWN,_…`.
  const word = reason.split(/[,(:\s]/)[0] ?? "";
  const exact = table.get(word);
  if (exact) return exact;
  if (/^Nodes_required_for_job_are_DOWN/.test(word) || word === "Nodes") return "nodes-down";
  if (/^Assoc(?:Max|Grp)/.test(word)) return "account-limit";
  if (/^QOS(?:Max|Min|Grp)/.test(word)) return "qos-limit";
  return null;
}

const table: ReadonlyMap<string, WaitKind> = new Map<string, WaitKind>([
  ["Resources", "resources"],
  ["Priority", "priority"],
  ["JobHeldUser", "held-by-user"],
  ["JobHeldAdmin", "held-by-centre"],
  ["JobHoldMaxRequeue", "held-by-centre"],
  ["Dependency", "dependency"],
  ["DependencyNeverSatisfied", "dependency"],
  ["BeginTime", "not-yet"],
  ["JobArrayTaskLimit", "throttled"],
  ["AssociationJobLimit", "account-limit"],
  ["AssociationResourceLimit", "account-limit"],
  ["AssociationTimeLimit", "account-limit"],
  ["AccountNotAllowed", "cannot-run-as-asked"],
  ["InvalidAccount", "cannot-run-as-asked"],
  ["InvalidQOS", "cannot-run-as-asked"],
  ["QOSNotAllowed", "cannot-run-as-asked"],
  ["QOSUsageThreshold", "qos-limit"],
  ["QOSJobLimit", "qos-limit"],
  ["QOSResourceLimit", "qos-limit"],
  ["QOSTimeLimit", "qos-limit"],
  ["MaxMemPerLimit", "cannot-run-as-asked"],
  ["PartitionTimeLimit", "partition-limit"],
  ["PartitionNodeLimit", "partition-limit"],
  ["PartitionConfig", "partition-limit"],
  ["PartitionDown", "partition-closed"],
  ["PartitionInactive", "partition-closed"],
  ["NodeDown", "nodes-down"],
  ["ReqNodeNotAvail", "nodes-down"],
  ["FrontEndDown", "nodes-down"],
  ["ReservationDeleted", "reservation"],
  ["Reservation", "reservation"],
  ["Licenses", "licences"],
  ["BadConstraints", "cannot-run-as-asked"],
  ["Prolog", "engine-busy"],
  ["Cleaning", "engine-busy"],
  ["SchedDefer", "engine-busy"],
  ["FedJobLock", "engine-busy"],
  ["BurstBufferResources", "engine-busy"],
  ["BurstBufferStageIn", "engine-busy"],
  ["JobLaunchFailure", "requeued"],
]);
