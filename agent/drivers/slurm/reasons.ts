import type { WaitKind } from "#core/centre/waiting.ts";

/**
 * Slurm's reasons for a pending job, by what a user can do about them. `weir why` shows the kind's words
 * (core/centre/waiting.ts) and the engine's own word beside it. Source: squeue(1), "job reason codes", and src/common/slurm_protocol_defs.c of 22.05 (its
 * job_reason_string). null for a word that is not in the table, which is then shown as it is.
 */
export function waitKind(reason: string): WaitKind | null {
  // Some come with their facts: `ReqNodeNotAvail,_UnavailableNodes:c12`, `Nodes_required_for_job_are_DOWN,_…`.
  const word = reason.split(/[,(:\s]/)[0] ?? "";
  const exact = table.get(word);
  if (exact) return exact === "nodes-down" ? (afterComma(reason) ?? exact) : exact;
  if (/^Nodes_required_for_job_are_DOWN/.test(word) || word === "Nodes") return "nodes-down";
  if (/^(?:Assoc|QOS)(?:Max|Min)/.test(word)) return ofOneJob.test(word) ? "above-limit" : limitOf(word);
  if (/^(?:Assoc|QOS)Grp/.test(word)) return limitOf(word);
  if (/^Max[A-Za-z]+PerAccount$/.test(word)) return "qos-limit";
  return null;
}

/** What no waiting helps against: the job asks for more than one job may have. */
const ofOneJob = /Per(?:Job|Node)(?:Limit)?$|^QOSMin/;

function limitOf(word: string): WaitKind {
  return word.startsWith("Assoc") ? "account-limit" : "qos-limit";
}

/** `ReqNodeNotAvail, Reserved for maintenance`, `ReqNodeNotAvail, May be reserved for other job`. */
function afterComma(reason: string): WaitKind | null {
  if (/reserved[ _]for[ _]maintenance/i.test(reason)) return "maintenance";
  return /reserved[ _]for[ _]other/i.test(reason) ? "reservation" : null;
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
  ["MaxMemPerLimit", "above-limit"],
  ["AccountingPolicy", "account-limit"],
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
  ["WaitingForScheduling", "engine-busy"],
  ["BlockMaxError", "engine-busy"],
  ["BlockFreeAction", "engine-busy"],
  ["BurstBufferOperation", "engine-busy"],
  ["PowerNotAvail", "power"],
  ["PowerReserved", "power"],
  ["FedJobLock", "engine-busy"],
  ["BurstBufferResources", "engine-busy"],
  ["BurstBufferStageIn", "engine-busy"],
  ["JobLaunchFailure", "requeued"],
  ["SystemFailure", "requeued"],
  ["NonZeroExitCode", "ended"],
  ["TimeLimit", "ended"],
  ["InactiveLimit", "ended"],
  ["DeadLine", "ended"],
]);
