import assert from "node:assert/strict";
import { test } from "node:test";
import { type WaitKind, waitKinds, waitWords } from "#core/centre/waiting.ts";
import { waitKind } from "./reasons.ts";

// Every reason that squeue(1) of 22.05 documents under JOB REASON CODES, and every one that its library may print
// (job_reason_string), has a kind; and every kind has words in both languages.

const documented = `AssociationJobLimit AssociationResourceLimit AssociationTimeLimit BadConstraints BeginTime Cleaning
Dependency DependencyNeverSatisfied FrontEndDown InactiveLimit InvalidAccount InvalidQOS JobHeldAdmin JobHeldUser
JobLaunchFailure Licenses NodeDown NonZeroExitCode PartitionDown PartitionInactive PartitionNodeLimit PartitionTimeLimit
Priority Prolog QOSJobLimit QOSResourceLimit QOSTimeLimit QOSUsageThreshold ReqNodeNotAvail Reservation Resources
SystemFailure TimeLimit WaitingForScheduling`;

const inTheLibrary = `AccountNotAllowed AccountingPolicy JobArrayTaskLimit JobHoldMaxRequeue QOSNotAllowed MaxMemPerLimit
PartitionConfig FedJobLock SchedDefer ReservationDeleted BlockMaxError BlockFreeAction BurstBufferResources
BurstBufferStageIn BurstBufferOperation PowerNotAvail PowerReserved DeadLine`;

/** AssocGrp*, AssocMax*, QOSGrp*, QOSMax*, QOSMin*, Max*PerAccount, with what may stand for the star. */
const things = ["BB", "Billing", "Cpu", "Energy", "GRES", "License", "Mem", "Memory", "Node", "Unknown"];
const limits = [
  ...["AssocGrp", "QOSGrp"].flatMap((head) => [
    ...things.flatMap((thing) => ["", "Minutes", "RunMinutes"].map((tail) => `${head}${thing}${tail}`)),
    ...["CpuLimit", "CPUMinutesLimit", "CPURunMinutesLimit", "JobsLimit", "MemLimit", "NodeLimit"].map((x) => head + x),
    ...["SubmitJobsLimit", "WallLimit"].map((tail) => head + tail),
  ]),
  ...["AssocMax", "QOSMax"].flatMap((head) => [
    ...things.flatMap((thing) => ["MinutesPerJob", "PerJob", "PerNode"].map((tail) => `${head}${thing}${tail}`)),
    ...["CpuPerJobLimit", "CpuMinutesPerJobLimit", "NodePerJobLimit", "WallDurationPerJobLimit"].map((x) => head + x),
  ]),
  ...["AssocMaxJobsLimit", "AssocMaxSubmitJobLimit", "QOSMaxJobsPerUserLimit", "QOSMaxSubmitJobPerUserLimit"],
  ...["QOSMaxCpuPerUserLimit", "QOSMaxNodePerUserLimit", "QOSMinCpuNotSatisfied"],
  ...things.flatMap((thing) => [`QOSMax${thing}PerUser`, `QOSMin${thing}`, `Max${thing}PerAccount`]),
  ...["MaxJobsPerAccount", "MaxSubmitJobsPerAccount"],
];

test("every reason that Slurm 22.05 knows has a kind, with words in both languages and the reason beside them", () => {
  const reasons = [...documented.split(/\s+/), ...inTheLibrary.split(/\s+/), ...limits];
  assert(reasons.length > 180, `${reasons.length}`);
  for (const reason of reasons) {
    const reasonKind = waitKind(reason);
    assert(reasonKind !== null, reason);
    const { en, zh } = waitKinds[reasonKind];
    assert(/^[\x20-\x7e]+$/.test(en) && /\p{Script=Han}/u.test(zh), reason);
    assert.equal(waitWords({ reason, reasonKind }, "en"), `${en} (${reason})`);
    assert.equal(waitWords({ reason, reasonKind }, "zh"), `${zh}（${reason}）`);
  }
});

test("a limit of one job is no limit that passes; a reservation and a maintenance window are no broken node", () => {
  const kinds: Readonly<Record<string, WaitKind | null>> = {
    AssocMaxWallDurationPerJobLimit: "above-limit",
    QOSMaxGRESPerJob: "above-limit",
    QOSMinCpuNotSatisfied: "above-limit",
    QOSMaxCpuPerUserLimit: "qos-limit",
    AssocMaxJobsLimit: "account-limit",
    PartitionTimeLimit: "partition-limit",
    PartitionNodeLimit: "partition-limit",
    PartitionDown: "partition-closed",
    PartitionInactive: "partition-closed",
    JobHeldUser: "held-by-user",
    JobHeldAdmin: "held-by-centre",
    "ReqNodeNotAvail, Reserved for maintenance": "maintenance",
    "ReqNodeNotAvail,_Reserved_for_maintenance": "maintenance",
    "ReqNodeNotAvail, May be reserved for other job": "reservation",
    "ReqNodeNotAvail, UnavailableNodes:c12": "nodes-down",
    QOSBrewing: null,
  };
  for (const [reason, kind] of Object.entries(kinds)) assert.equal(waitKind(reason), kind, reason);
  assert.equal(waitWords({ reason: "QOSBrewing", reasonKind: null }, "zh"), "QOSBrewing");
});
