import type { Call } from "#cli/call.ts";
import type { Option } from "#cli/option.ts";
import type { WordsKey } from "#cli/words.ts";
import { actGroups } from "#core/act.ts";
import { bases } from "#core/centre/capacity.ts";
import { driverNames } from "#core/centre/centre.ts";
import { lifeCycles } from "#core/centre/life-cycle.ts";
import { slurmStates } from "#core/job/slurm-states.ts";
import { stateKinds } from "#core/job/state.ts";
import { outcomeWords } from "#core/job/state-words.ts";
import { routings } from "#core/scheduling/kernel/routings.ts";

/** Every command: what help, completion and docs/guides/cli.md say, and where its code is. */
export type Command = {
  /** `["admin", "user", "add"]` is typed as three words. */
  readonly words: readonly string[];
  readonly operands: string;
  readonly summary: WordsKey;
  readonly options: readonly Option[];
  readonly examples: readonly (readonly [line: string, words: WordsKey])[];
  /** Options of sbatch are passed on, and operands end the options. */
  readonly likeSbatch?: boolean;
  /** How many operands it takes, at least and at most. */
  readonly takes: readonly [number, number];
  readonly load: () => Promise<(call: Call) => Promise<number>>;
};

/** Understood by every command. */
export const commonOptions: readonly Option[] = [
  { long: "json", words: "optionJson" },
  { long: "server", value: "URL", words: "optionServer" },
  { long: "lang", value: "en|zh", choices: ["en", "zh"], words: "optionLang" },
  { long: "help", short: "h", words: "optionHelp" },
];

const many = Number.POSITIVE_INFINITY;
const limit: Option = { long: "limit", short: "n", value: "N", words: "optionLimit" };
const project: Option = { long: "project", short: "P", value: "PROJECT", words: "optionProjectFilter" };
const trace: Option = { long: "trace", value: "FILE", words: "optionTrace", completes: "files" };
/** Of every replay. */
const seed: Option = { long: "seed", value: "N", words: "optionSeed" };
const replayed: readonly Option[] = [{ long: "days", value: "N", words: "optionDays" }, seed];
/** Of a job: what runs alone end as is none of its outcomes. */
const outcomeKinds = Object.keys(outcomeWords).filter((kind) => !["withdrawn", "duplicate", "requeued"].includes(kind));
const estimates: Option = {
  long: "estimates",
  value: "requested|actual",
  choices: ["requested", "actual"],
  words: "optionEstimates",
};
const resource: Option = { long: "resource", value: "cores|VENDOR/MODEL", words: "optionResource" };
const processors: Option = { long: "processors", value: "N", words: "optionProcessors" };
const generated: readonly Option[] = [
  { long: "generate", value: "lublin|ai", choices: ["lublin", "ai"], words: "optionGenerate" },
  { long: "jobs", value: "N", words: "optionGenerateJobs" },
  { long: "load", value: "X", words: "optionGenerateLoad" },
];
const mostCores: Option = { long: "most-cores", value: "N|none", words: "optionMostCores" };
const region: Option = { long: "region", value: "REGION|none", words: "optionTenantRegion" };
const placeRule: readonly Option[] = [
  { long: "residency", value: "REGION,…|none", words: "optionRuleResidency" },
  { long: "domestic", value: "yes|no", choices: ["yes", "no"], words: "optionRuleDomestic" },
];
const coreHours: Option = { long: "core-hours", value: "N|none", words: "optionCoreHours" };
const cardHours: Option = { long: "card-hours", value: "N|none", words: "optionCardHours" };
const title: Option = { long: "title", value: "TEXT", words: "optionTitle" };

export const commands: readonly Command[] = [
  {
    words: ["login"],
    operands: "[SERVER | LINK]",
    summary: "login",
    takes: [0, 1],
    options: [
      { long: "code", value: "CODE", words: "optionCode" },
      { long: "user", short: "u", value: "NAME", words: "optionUser" },
      { long: "password-stdin", words: "optionPasswordStdin" },
      { long: "token-stdin", words: "optionTokenStdin" },
    ],
    examples: [
      ["weir login 'https://weir.example/sign-in#code=…'", "exampleLoginLink"],
      ["weir login https://weir.example --user li", "exampleLoginUser"],
      ["weir login https://weir.example --token-stdin < token", "exampleLoginToken"],
    ],
    load: async () => (await import("#cli/commands/login.ts")).login,
  },
  {
    words: ["logout"],
    operands: "",
    summary: "logout",
    takes: [0, 0],
    options: [],
    examples: [["weir logout", "exampleLogout"]],
    load: async () => (await import("#cli/commands/login.ts")).logout,
  },
  {
    words: ["submit"],
    operands: "SCRIPT [ARGUMENT…] | -- COMMAND [ARGUMENT…]",
    summary: "submit",
    takes: [0, many],
    likeSbatch: true,
    options: [
      { long: "wait", short: "W", words: "optionWait" },
      { long: "dry-run", words: "optionDryRun" },
      { long: "test-only", words: "optionDryRun" },
      { long: "parsable", words: "optionParsable" },
      { long: "quiet", short: "Q", words: "optionQuiet" },
      { long: "file", short: "f", value: "PATH[=NAME]", words: "optionFile", completes: "files" },
      { long: "env", value: "NAME[=VALUE]", words: "optionEnv" },
      { long: "project", short: "P", value: "PROJECT", words: "optionProject" },
      { long: "label", value: "NAME=VALUE", words: "optionLabel" },
      { long: "centre", value: "CENTRE", words: "optionCentre" },
      { long: "not-centre", value: "CENTRE", words: "optionNotCentre" },
      { long: "prefer-centre", value: "CENTRE", words: "optionPreferCentre" },
      { long: "retries", value: "N", words: "optionRetries" },
      { long: "on-unreachable", value: "wait|restart-after:TIME", words: "optionOnUnreachable" },
      {
        long: "priority-class",
        value: "CLASS",
        words: "optionPriorityClass",
      },
      {
        long: "preemptible",
        value: "restarts|checkpoints",
        choices: ["restarts", "checkpoints"],
        words: "optionPreemptible",
      },
      { long: "grace", value: "SECONDS", words: "optionGrace" },
      { long: "accelerator-share", value: "THOUSANDTHS", words: "optionAcceleratorShare" },
      { long: "residency", value: "REGION,…", words: "optionResidency" },
      { long: "data-at", value: "CENTRE[=WHEN]", words: "optionDataAt" },
      { long: "data-elsewhere", value: "WHEN|never", words: "optionDataElsewhere" },
      { long: "domestic", words: "optionDomestic" },
      { long: "software", value: "NAME/VERSION", words: "optionSoftware" },
      { long: "image", value: "NAME@sha256:…", words: "optionImage" },
      { long: "file-system", value: "NAME", words: "optionFileSystem" },
    ],
    examples: [
      ["weir submit train.sh", "exampleSubmitScript"],
      ["weir submit -c 4 --mem=8G -t 2:00:00 --wait -- python3 fit.py", "exampleSubmitCommand"],
      ["weir submit --array=1-100%10 --file data.csv fit.sh", "exampleSubmitArray"],
      ["id=$(weir submit --parsable fit.sh); weir submit -d afterok:$id plot.sh", "exampleSubmitAfter"],
      ["weir submit --dry-run train.sh", "exampleSubmitDryRun"],
    ],
    load: async () => (await import("#cli/commands/submit.ts")).submit,
  },
  {
    words: ["jobs"],
    operands: "",
    summary: "jobs",
    takes: [0, 0],
    options: [
      {
        long: "state",
        short: "t",
        value: "STATE",
        choices: [...stateKinds, "active"],
        also: slurmStates,
        words: "optionState",
      },
      { long: "outcome", value: "OUTCOME", choices: outcomeKinds, also: slurmStates, words: "optionOutcome" },
      { long: "me", words: "optionMe" },
      project,
      { long: "user", short: "u", value: "NAME", words: "optionPerson" },
      { long: "name", value: "TEXT", words: "optionNameFilter" },
      { long: "centre", value: "CENTRE", words: "optionCentreFilter" },
      { long: "label", value: "NAME=VALUE", words: "optionLabelFilter" },
      { long: "since", alias: "from", value: "TIME", words: "optionSince" },
      { long: "until", alias: "to", value: "TIME", words: "optionUntil" },
      limit,
      { long: "cursor", value: "CURSOR", words: "optionCursor" },
      { long: "all", words: "optionAll" },
      { long: "format", short: "o", value: "COLUMN,…", words: "optionFormat" },
      { long: "no-header", words: "optionNoHeader" },
    ],
    examples: [
      ["weir jobs", "exampleJobs"],
      ["weir jobs --me --state active", "exampleJobsMine"],
      ["weir jobs --state running --project physics", "exampleJobsRunning"],
      ["weir jobs --json --limit 1000 | jq '.jobs[].id'", "exampleJobsJson"],
      ["weir jobs -o id,state,reason --no-header", "exampleJobsFormat"],
    ],
    load: async () => (await import("#cli/commands/jobs.ts")).jobs,
  },
  {
    words: ["show"],
    operands: "JOB[_INDEX]",
    summary: "show",
    takes: [1, 1],
    options: [{ long: "history", words: "optionHistory" }],
    examples: [
      ["weir show 123", "exampleShow"],
      ["weir show 123_7 --history", "exampleShowTask"],
    ],
    load: async () => (await import("#cli/commands/show.ts")).show,
  },
  {
    words: ["why"],
    operands: "JOB[_INDEX]",
    summary: "why",
    takes: [1, 1],
    options: [{ long: "what-if", words: "optionWhatIf" }],
    examples: [
      ["weir why 123", "exampleWhy"],
      ["weir why --what-if 123", "exampleWhatIf"],
    ],
    load: async () => (await import("#cli/commands/why.ts")).why,
  },
  {
    words: ["logs"],
    operands: "JOB[_INDEX]",
    summary: "logs",
    takes: [1, 1],
    options: [
      { long: "follow", short: "f", words: "optionFollow" },
      { long: "stderr", short: "e", words: "optionStderr" },
      { long: "attempt", value: "N", words: "optionAttempt" },
      { long: "tail", value: "BYTES", words: "optionTail" },
    ],
    examples: [
      ["weir logs 123", "exampleLogs"],
      ["weir logs -f 123", "exampleLogsFollow"],
      ["weir logs --stderr --tail 2000 123_7", "exampleLogsTail"],
    ],
    load: async () => (await import("#cli/commands/logs.ts")).logs,
  },
  {
    words: ["cancel"],
    operands: "JOB[_INDEX]…",
    summary: "cancel",
    takes: [1, many],
    options: [{ long: "reason", value: "TEXT", words: "optionReason" }],
    examples: [
      ["weir cancel 123", "exampleCancel"],
      ["weir cancel 123_7 124 --reason 'wrong input'", "exampleCancelTask"],
      ["weir cancel '123_[1-3,7]'", "exampleCancelTasks"],
    ],
    load: async () => (await import("#cli/commands/cancel.ts")).cancel,
  },
  {
    words: ["usage"],
    operands: "",
    summary: "usage",
    takes: [0, 0],
    options: [
      {
        long: "by",
        value: "project|person|centre|job|day",
        choices: ["project", "person", "centre", "job", "day"],
        words: "optionBy",
      },
      project,
      { long: "from", alias: "since", value: "TIME", words: "optionFrom" },
      { long: "to", alias: "until", value: "TIME", words: "optionTo" },
      limit,
      { long: "cursor", value: "CURSOR", words: "optionCursor" },
    ],
    examples: [
      ["weir usage", "exampleUsage"],
      ["weir usage --by day --from 2026-11-01 --project physics", "exampleUsageDay"],
    ],
    load: async () => (await import("#cli/commands/usage.ts")).usage,
  },
  {
    words: ["centres"],
    operands: "",
    summary: "centres",
    takes: [0, 0],
    options: [],
    examples: [["weir centres", "exampleCentres"]],
    load: async () => (await import("#cli/commands/centres.ts")).centres,
  },
  {
    words: ["offers"],
    operands: "[CENTRE]",
    summary: "offers",
    takes: [0, 1],
    options: [{ long: "software", value: "NAME", words: "optionOffersSoftware" }],
    examples: [
      ["weir offers", "exampleOffers"],
      ["weir offers --software gromacs", "exampleOffersSoftware"],
    ],
    load: async () => (await import("#cli/commands/offers.ts")).offers,
  },
  {
    words: ["nodes"],
    operands: "",
    summary: "nodes",
    takes: [0, 0],
    options: [{ long: "centre", value: "CENTRE", words: "optionCentreFilter" }, limit],
    examples: [["weir nodes --centre local", "exampleNodes"]],
    load: async () => (await import("#cli/commands/centres.ts")).nodes,
  },
  {
    words: ["tokens"],
    operands: "",
    summary: "tokens",
    takes: [0, 0],
    options: [],
    examples: [["weir tokens", "exampleTokens"]],
    load: async () => (await import("#cli/commands/tokens.ts")).tokens,
  },
  {
    words: ["tokens", "add"],
    operands: "NAME",
    summary: "tokensAdd",
    takes: [1, 1],
    options: [{ long: "expires", value: "DAYS", words: "optionExpires" }],
    examples: [["weir tokens add laptop --expires 90", "exampleTokensAdd"]],
    load: async () => (await import("#cli/commands/tokens.ts")).addToken,
  },
  {
    words: ["tokens", "revoke"],
    operands: "ID",
    summary: "tokensRevoke",
    takes: [1, 1],
    options: [],
    examples: [["weir tokens revoke 3", "exampleTokensRevoke"]],
    load: async () => (await import("#cli/commands/tokens.ts")).revokeToken,
  },
  {
    words: ["open"],
    operands: "",
    summary: "open",
    takes: [0, 0],
    options: [],
    examples: [["weir open", "exampleOpen"]],
    load: async () => (await import("#cli/commands/login.ts")).open,
  },
  {
    words: ["admin", "tenant", "list"],
    operands: "",
    summary: "adminTenantList",
    takes: [0, 0],
    options: [],
    examples: [["weir admin tenant list", "adminTenantList"]],
    load: async () => (await import("#cli/commands/admin.ts")).listTenants,
  },
  {
    words: ["admin", "tenant", "add"],
    operands: "NAME",
    summary: "adminTenantAdd",
    takes: [1, 1],
    options: [
      title,
      { long: "home", value: "CENTRE", words: "optionHome" },
      { long: "region", value: "REGION", words: "optionTenantRegion" },
    ],
    examples: [
      ["weir admin tenant add ouc --title '中国海洋大学'", "exampleTenantAdd"],
      ["weir admin tenant add sdu --home jinan", "exampleTenantHome"],
    ],
    load: async () => (await import("#cli/commands/admin.ts")).addTenant,
  },
  {
    words: ["admin", "tenant", "set"],
    operands: "NAME",
    summary: "adminTenantSet",
    takes: [1, 1],
    options: [
      { long: "home", value: "CENTRE|none", words: "optionHome" },
      mostCores,
      coreHours,
      cardHours,
      region,
      ...placeRule,
    ],
    examples: [
      ["weir admin tenant set ouc --region cn-sd --residency cn", "exampleTenantPlace"],
      ["weir admin tenant set ouc --home qingdao", "exampleTenantSet"],
      ["weir admin tenant set ouc --most-cores 512", "exampleMostCores"],
      ["weir admin tenant set ouc --core-hours 100000 --card-hours 2000", "exampleGrant"],
    ],
    load: async () => (await import("#cli/commands/admin.ts")).setTenant,
  },
  {
    words: ["admin", "project", "list"],
    operands: "",
    summary: "adminProjectList",
    takes: [0, 0],
    options: [],
    examples: [["weir admin project list", "adminProjectList"]],
    load: async () => (await import("#cli/commands/admin.ts")).listProjects,
  },
  {
    words: ["admin", "project", "add"],
    operands: "NAME",
    summary: "adminProjectAdd",
    takes: [1, 1],
    options: [{ long: "tenant", value: "TENANT", words: "optionTenant" }, title],
    examples: [["weir admin project add tides --tenant ouc", "exampleProjectAdd"]],
    load: async () => (await import("#cli/commands/admin.ts")).addProject,
  },
  {
    words: ["admin", "project", "set"],
    operands: "NAME",
    summary: "adminProjectSet",
    takes: [1, 1],
    options: [mostCores, coreHours, cardHours, ...placeRule],
    examples: [
      ["weir admin project set tides --most-cores 64", "exampleMostCores"],
      ["weir admin project set tides --residency cn-sd,cn-gz --domestic yes", "exampleProjectPlace"],
      ["weir admin project set tides --core-hours 5000", "exampleGrant"],
    ],
    load: async () => (await import("#cli/commands/admin.ts")).setProject,
  },
  {
    words: ["admin", "project", "member"],
    operands: "PROJECT USER",
    summary: "adminProjectMember",
    takes: [2, 2],
    options: [{ long: "remove", words: "optionRemoveMember" }],
    examples: [
      ["weir admin project member tides li", "exampleProjectMember"],
      ["weir admin project member tides li --remove", "exampleRemoveMember"],
    ],
    load: async () => (await import("#cli/commands/admin.ts")).setMember,
  },
  {
    words: ["admin", "user", "list"],
    operands: "",
    summary: "adminUserList",
    takes: [0, 0],
    options: [],
    examples: [["weir admin user list", "adminUserList"]],
    load: async () => (await import("#cli/commands/admin.ts")).listPeople,
  },
  {
    words: ["admin", "user", "add"],
    operands: "NAME",
    summary: "adminUserAdd",
    takes: [1, 1],
    options: [
      title,
      { long: "project", short: "P", value: "PROJECT", words: "optionMemberOf" },
      { long: "administrator", words: "optionAdministrator" },
    ],
    examples: [["weir admin user add li --title 李 --project tides", "exampleUserAdd"]],
    load: async () => (await import("#cli/commands/admin.ts")).addPerson,
  },
  {
    words: ["admin", "user", "set"],
    operands: "NAME",
    summary: "adminUserSet",
    takes: [1, 1],
    options: [
      { long: "administrator", value: "yes|no", choices: ["yes", "no"], words: "optionSetAdministrator" },
      title,
    ],
    examples: [
      ["weir admin user set li --administrator yes", "exampleUserAdministrator"],
      ["weir admin user set li --title '李 华'", "exampleUserTitle"],
    ],
    load: async () => (await import("#cli/commands/admin.ts")).setPerson,
  },
  {
    words: ["admin", "user", "disable"],
    operands: "NAME",
    summary: "adminUserDisable",
    takes: [1, 1],
    options: [{ long: "cancel-jobs", words: "optionCancelJobs" }],
    examples: [
      ["weir admin user disable li", "exampleUserDisable"],
      ["weir admin user disable li --cancel-jobs", "exampleUserDisableCancel"],
    ],
    load: async () => (await import("#cli/commands/admin.ts")).disablePerson,
  },
  {
    words: ["admin", "user", "enable"],
    operands: "NAME",
    summary: "adminUserEnable",
    takes: [1, 1],
    options: [],
    examples: [["weir admin user enable li", "exampleUserEnable"]],
    load: async () => (await import("#cli/commands/admin.ts")).enablePerson,
  },
  {
    words: ["admin", "user", "link"],
    operands: "NAME",
    summary: "adminUserLink",
    takes: [1, 1],
    options: [],
    examples: [["weir admin user link li", "exampleUserLink"]],
    load: async () => (await import("#cli/commands/admin.ts")).signInLink,
  },
  {
    words: ["admin", "lost"],
    operands: "JOB[_INDEX]",
    summary: "adminLost",
    takes: [1, 1],
    options: [{ long: "reason", value: "TEXT", words: "optionReason" }],
    examples: [["weir admin lost 12 --reason 'the machine room burnt down'", "exampleLost"]],
    load: async () => (await import("#cli/commands/admin.ts")).declareLost,
  },
  {
    words: ["admin", "events"],
    operands: "",
    summary: "adminEvents",
    takes: [0, 0],
    options: [
      { long: "kind", value: "KIND", choices: actGroups, words: "optionActKind" },
      { long: "by", value: "USER", words: "optionActBy" },
      { long: "about", value: "KIND:NAME", words: "optionActAbout" },
      { long: "since", alias: "from", value: "TIME", words: "optionActSince" },
      { long: "until", alias: "to", value: "TIME", words: "optionActUntil" },
      limit,
      { long: "cursor", value: "CURSOR", words: "optionCursor" },
      { long: "all", words: "optionAll" },
    ],
    examples: [
      ["weir admin events", "exampleEvents"],
      ["weir admin events --about centre:jinan --since yesterday", "exampleEventsAbout"],
    ],
    load: async () => (await import("#cli/commands/acts.ts")).events,
  },
  {
    words: ["centre", "list"],
    operands: "",
    summary: "centres",
    takes: [0, 0],
    options: [],
    examples: [["weir centre list", "exampleCentres"]],
    load: async () => (await import("#cli/commands/centres.ts")).centres,
  },
  {
    words: ["centre", "show"],
    operands: "CENTRE",
    summary: "centreShow",
    takes: [1, 1],
    options: [{ long: "limits", words: "optionLimits" }],
    examples: [
      ["weir centre show jinan", "exampleCentreShow"],
      ["weir centre show jinan --limits", "exampleCentreLimits"],
    ],
    load: async () => (await import("#cli/commands/centre.ts")).showCentre,
  },
  {
    words: ["centre", "add"],
    operands: "CENTRE",
    summary: "centreAdd",
    takes: [1, 1],
    options: [
      title,
      { long: "title-zh", value: "TEXT", words: "optionTitleZh" },
      { long: "region", value: "CODE", words: "optionRegion" },
      { long: "driver", value: "DRIVER", choices: driverNames, words: "optionDriver" },
    ],
    examples: [["weir centre add jinan --driver slurm --title 'Jinan' --title-zh 济南", "exampleCentreJoin"]],
    load: async () => (await import("#cli/commands/centre.ts")).addCentre,
  },
  {
    words: ["centre", "enrol"],
    operands: "CENTRE",
    summary: "adminCentreEnrol",
    takes: [1, 1],
    options: [],
    examples: [["weir centre enrol jinan", "exampleCentreEnrol"]],
    load: async () => (await import("#cli/commands/admin.ts")).enrolCentre,
  },
  {
    words: ["centre", "terms"],
    operands: "CENTRE",
    summary: "centreTerms",
    takes: [1, 1],
    options: [
      { long: "set", value: "FILE", words: "optionSetTerms", completes: "files" },
      { long: "preview", value: "FILE", words: "optionPreviewTerms", completes: "files" },
    ],
    examples: [
      ["weir centre terms jinan > jinan.json", "exampleCentreTerms"],
      ["weir centre terms jinan --preview jinan.json", "exampleCentreTermsPreview"],
      ["weir centre terms jinan --set jinan.json", "exampleCentreTermsSet"],
    ],
    load: async () => (await import("#cli/commands/centre.ts")).terms,
  },
  {
    words: ["centre", "capacity"],
    operands: "CENTRE",
    summary: "centreCapacity",
    takes: [1, 1],
    options: [
      { long: "state", value: "FIGURE", words: "optionCapacityState" },
      { long: "line", value: "N", words: "optionCapacityLine" },
      { long: "stage", value: lifeCycles.join("|"), choices: lifeCycles, words: "optionCapacityStage" },
      { long: "site", value: "SITE|none", words: "optionCapacitySite" },
      { long: "phase", value: "PHASE|none", words: "optionCapacityPhase" },
      { long: "pool", value: "POOL|none", words: "optionCapacityPool" },
      { long: "device", value: "VENDOR/MODEL|none", words: "optionCapacityDevice" },
      { long: "count", value: "N", words: "optionCapacityCount" },
      { long: "basis", value: bases.join("|"), choices: bases, words: "optionCapacityBasis" },
      { long: "from", value: "YYYY-MM[-DD]|none", words: "optionCapacityFrom" },
      { long: "region", value: "CODE|none", words: "optionCapacityRegion" },
      { long: "evidence", value: "TEXT", words: "optionCapacityEvidence" },
      { long: "take-out", value: "N", words: "optionCapacityTakeOut" },
    ],
    examples: [
      ["weir centre capacity jinan", "exampleCapacity"],
      [
        "weir centre capacity jinan --state '300 PFLOPS FP16 dense' --site east --phase 2 --stage planned --from 2027-06",
        "exampleCapacityState",
      ],
      [
        "weir centre capacity jinan --state '256 TFLOPS FP16 dense' --pool ai --device huawei/ascend-910 --count 64 --stage in-service",
        "exampleCapacityDevices",
      ],
      ["weir centre capacity jinan --line 1 --stage building", "exampleCapacityStage"],
    ],
    load: async () => (await import("#cli/commands/centre-capacity.ts")).centreCapacity,
  },
  {
    words: ["centre", "drain"],
    operands: "CENTRE",
    summary: "centreDrain",
    takes: [1, 1],
    options: [],
    examples: [["weir centre drain jinan", "exampleCentreDrain"]],
    load: async () => (await import("#cli/commands/centre.ts")).drain,
  },
  {
    words: ["centre", "suspend"],
    operands: "CENTRE",
    summary: "centreSuspend",
    takes: [1, 1],
    options: [],
    examples: [["weir centre suspend jinan", "exampleCentreSuspend"]],
    load: async () => (await import("#cli/commands/centre.ts")).suspend,
  },
  {
    words: ["centre", "resume"],
    operands: "CENTRE",
    summary: "centreResume",
    takes: [1, 1],
    options: [],
    examples: [["weir centre resume jinan", "exampleCentreResume"]],
    load: async () => (await import("#cli/commands/centre.ts")).resume,
  },
  {
    words: ["centre", "leave"],
    operands: "CENTRE",
    summary: "centreLeave",
    takes: [1, 1],
    options: [{ long: "yes", words: "optionYes" }],
    examples: [
      ["weir centre leave jinan", "exampleCentreLeave"],
      ["weir centre leave jinan --yes", "exampleCentreLeaveYes"],
    ],
    load: async () => (await import("#cli/commands/centre.ts")).leave,
  },
  {
    words: ["centre", "accounts"],
    operands: "CENTRE",
    summary: "centreAccounts",
    takes: [1, 1],
    options: [
      { long: "person", value: "NAME", words: "optionAccountPerson" },
      { long: "project", short: "P", value: "PROJECT", words: "optionAccountProject" },
    ],
    examples: [
      ["weir centre accounts jinan", "exampleCentreAccounts"],
      ["weir centre accounts jinan --person li", "exampleCentreAccountsAsk"],
    ],
    load: async () => (await import("#cli/commands/centre-accounts.ts")).centreAccounts,
  },
  {
    words: ["centre", "rotate"],
    operands: "CENTRE",
    summary: "centreRotate",
    takes: [1, 1],
    options: [],
    examples: [["weir centre rotate jinan", "exampleCentreRotate"]],
    load: async () => (await import("#cli/commands/centre.ts")).rotate,
  },
  {
    words: ["centre", "revoke"],
    operands: "CENTRE",
    summary: "centreRevoke",
    takes: [1, 1],
    options: [{ long: "yes", words: "optionYes" }],
    examples: [["weir centre revoke jinan --yes", "exampleCentreRevoke"]],
    load: async () => (await import("#cli/commands/centre.ts")).revoke,
  },
  {
    words: ["centre", "test"],
    operands: "CENTRE",
    summary: "centreTest",
    takes: [1, 1],
    options: [
      { long: "last", words: "optionLastTest" },
      { long: "pool", value: "POOL", words: "optionTestPool" },
      { long: "project", short: "P", value: "PROJECT", words: "optionTestProject" },
    ],
    examples: [
      ["weir centre test qingdao-1", "exampleCentreTest"],
      ["weir centre test qingdao-1 --last", "exampleCentreTestLast"],
    ],
    load: async () => (await import("#cli/commands/centre-test.ts")).testCentre,
  },
  {
    words: ["centre", "simulate"],
    operands: "FILE",
    summary: "centreSimulate",
    takes: [1, 1],
    options: [
      { long: "test", words: "optionTestAll" },
      { long: "state", value: "FOLDER", words: "optionSimulationState" },
    ],
    examples: [["weir centre simulate docs/guides/many-centres.json --test", "exampleSimulate"]],
    load: async () => (await import("#cli/commands/simulate.ts")).simulate,
  },
  {
    words: ["simulate"],
    operands: "[FILE…]",
    summary: "simulateTraces",
    takes: [0, many],
    options: [
      trace,
      { long: "policy", value: "NAME|FILE", words: "optionPolicy", completes: "files" },
      estimates,
      { long: "routing", value: routings.join("|"), choices: routings, words: "optionRouting" },
      ...replayed,
      { long: "from", value: "I", words: "optionSequenceFrom" },
      { long: "count", value: "N", words: "optionSequenceCount" },
      resource,
      processors,
      ...generated,
      { long: "write", value: "FILE", words: "optionGenerateWrite", completes: "files" },
      { long: "report", value: "FILE", words: "optionReport", completes: "files" },
      { long: "sweep", value: "AXIS=VALUES", words: "optionSweep" },
      { long: "on-network", words: "optionOnNetwork" },
      { long: "network", value: "FILE", words: "optionNetwork", completes: "files" },
    ],
    examples: [
      ["weir simulate --trace KTH-SP2.swf.gz --policy easy", "exampleSimulateTrace"],
      ["weir simulate --trace KTH-SP2.swf.gz SDSC-SP2.swf.gz --days 330", "exampleSimulateTraces"],
      ["weir simulate --trace KTH-SP2.swf.gz --policy easy --estimates actual --json", "exampleSimulateJson"],
      ["weir simulate --trace openb_pod_list.csv.gz --network openb_nodes.csv.gz", "exampleSimulatePods"],
      ["weir simulate --generate lublin --jobs 20000 --processors 256 --report what-if.html", "exampleSimulateReport"],
      ["weir simulate --generate ai --sweep policy=easy,saf-easy --sweep seed=1-5", "exampleSimulateSweep"],
    ],
    load: async () => (await import("#cli/commands/simulate-traces.ts")).simulateTraces,
  },
  {
    words: ["agreements"],
    operands: "",
    summary: "agreements",
    takes: [0, 0],
    options: [{ long: "set", value: "FILE", words: "optionSetAgreements", completes: "files" }],
    examples: [
      ["weir agreements", "exampleAgreements"],
      ["weir agreements --json > agreements.json", "exampleAgreementsJson"],
      ["weir agreements --set agreements.json", "exampleAgreementsSet"],
    ],
    load: async () => (await import("#cli/commands/agreements.ts")).agreements,
  },
  {
    words: ["policy", "diff"],
    operands: "A B [FILE…]",
    summary: "policyDiff",
    takes: [2, many],
    options: [
      trace,
      estimates,
      { long: "routing", value: routings.join("|"), choices: routings, words: "optionDiffRouting" },
      { long: "days", value: "N", words: "optionDiffDays" },
      seed,
      resource,
      processors,
      ...generated,
    ],
    examples: [
      ["weir policy diff weir mine.json", "examplePolicyDiff"],
      ["weir policy diff weir mine.json --resource huawei/ascend910b", "examplePolicyDiffCards"],
      ["weir policy diff weir mine.json --trace history.jsonl", "examplePolicyDiffTrace"],
      ["weir policy diff easy weir --generate ai --jobs 20000", "examplePolicyDiffMade"],
    ],
    load: async () => (await import("#cli/commands/policy.ts")).diffPolicies,
  },
  {
    words: ["policy", "show"],
    operands: "[NAME|FILE]",
    summary: "policyShow",
    takes: [0, 1],
    options: [{ long: "write", value: "FILE", words: "optionPolicyWrite" }],
    examples: [
      ["weir policy show", "examplePolicyInForce"],
      ["weir policy show weir --write mine.json", "examplePolicyShow"],
      ["weir policy show mine.json", "examplePolicyCheck"],
    ],
    load: async () => (await import("#cli/commands/policy.ts")).showPolicy,
  },
  {
    words: ["policy", "use"],
    operands: "NAME|FILE",
    summary: "policyUse",
    takes: [1, 1],
    options: [],
    examples: [
      ["weir policy use mine.json", "examplePolicyUse"],
      ["weir policy use weir", "examplePolicyUseShipped"],
    ],
    load: async () => (await import("#cli/commands/policy.ts")).usePolicy,
  },
  {
    words: ["replay"],
    operands: "RECORDING",
    summary: "replay",
    takes: [1, 1],
    options: [],
    examples: [["weir replay scheduler.recording", "exampleReplay"]],
    load: async () => (await import("#cli/commands/replay.ts")).replay,
  },
  {
    words: ["export"],
    operands: "",
    summary: "exportSummary",
    takes: [0, 0],
    options: [
      { long: "history", words: "optionExportHistory" },
      { long: "write", value: "FILE", words: "optionExportWrite", completes: "files" },
    ],
    examples: [["weir export --history --write history.jsonl", "exampleExport"]],
    load: async () => (await import("#cli/commands/export.ts")).exportHistory,
  },
  {
    words: ["ledger", "check"],
    operands: "",
    summary: "ledgerCheck",
    takes: [0, 0],
    options: [],
    examples: [["weir ledger check", "exampleLedgerCheck"]],
    load: async () => (await import("#cli/commands/usage.ts")).ledgerCheck,
  },
  {
    words: ["completion"],
    operands: "bash|zsh|fish",
    summary: "completion",
    takes: [1, 1],
    options: [],
    examples: [
      ["source <(weir completion bash)", "exampleCompletionBash"],
      ["weir completion fish > ~/.config/fish/completions/weir.fish", "exampleCompletionFish"],
    ],
    // biome-ignore lint/suspicious/noImportCycles: it completes this list, of which it is one.
    load: async () => (await import("#cli/commands/completion.ts")).completion,
  },
];

/** The command that these words begin with, the longest first; null where there is none. */
export function findCommand(words: readonly string[]): Command | null {
  const found = commands.filter((command) => command.words.every((word, at) => words[at] === word));
  return found.sort((a, b) => b.words.length - a.words.length)[0] ?? null;
}
