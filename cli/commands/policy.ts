import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Answer } from "#api/client.ts";
import type { Call } from "#cli/call.ts";
import { askedPolicy, askedPolicyFile } from "#cli/commands/asked-policy.ts";
import { progressBar } from "#cli/commands/progress-bar.ts";
import { recentHistory } from "#cli/commands/recent-history.ts";
import { generatedLog } from "#cli/commands/simulate-generated.ts";
import { processorsOf, readLogs } from "#cli/commands/trace-logs.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { timeText, waitText } from "#cli/formats.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import type { Cell } from "#cli/table.ts";
import { durationWords } from "#core/measures.ts";
import { type Routing, routings } from "#core/scheduling/kernel/routings.ts";
import type { Policy } from "#core/scheduling/policy.ts";
import { parsePolicy } from "#core/scheduling/policy-file.ts";
import { policyWords } from "#core/scheduling/policy-words.ts";
import type { AskedPolicy } from "#simulator/defaults.ts";
import { isSynthetic } from "#simulator/generate/generate.ts";
import { type PolicyDifference, policyDifference } from "#simulator/policy-difference.ts";
import { routingText } from "#simulator/report/words.ts";
import { rulesOf, type Simulated, type Simulation, simulate, simulationRefusalWords } from "#simulator/simulate.ts";
import type { SwfLog } from "#simulator/swf.ts";

/**
 * In sentences, rule by rule. JSON: the whole policy, as a policy file that leaves nothing out; needs no server. Without an
 * operand that of the network, and who set it; JSON: the API's `PolicyInForce`. `--write`: the policy file, beside either.
 */
export async function showPolicy(call: Call): Promise<number> {
  if (call.operands.length === 0) {
    const answer = await call.ask("policy", {});
    await printInForce(call, answer);
    return written(call, answer.policy);
  }
  const { policy } = askedPolicy(call, call.operands[0] ?? "");
  if (call.json) await call.printJson(policy);
  else await call.printFacts([[call.say("simulatedPolicy"), policy.name], ...policyWords(policy, call.language)]);
  return written(call, policy);
}

function written(call: Call, policy: object): number {
  const path = call.one("write");
  if (path === null) return exitCodes.done;
  try {
    writeFileSync(resolve(call.terminal.folder, path), `${JSON.stringify(policy, null, 2)}\n`);
  } catch (error) {
    const words = fileTroubleWords(error, call.say);
    throw new Stop(exitCodes.failed, call.say("simulateNotWritten", { path, words }));
  }
  call.note(call.say("policyWritten", { path }));
  return exitCodes.done;
}

/** JSON: the API's `PolicyInForce`. The file is checked here first, by the same rules. */
export async function usePolicy(call: Call): Promise<number> {
  const body = askedPolicyFile(call, call.operands[0] ?? "");
  const { version: base } = await call.ask("policy", {});
  const answer = await call.ask("setPolicy", { query: { base }, body });
  if (answer.version === base) call.note(call.say("policyUnchanged"));
  await printInForce(call, answer);
  return exitCodes.done;
}

async function printInForce(call: Call, answer: Answer<"policy">): Promise<void> {
  const { say } = call;
  const { version, name, setBy, setMs, unreadable, homes } = answer;
  if (call.json) {
    await call.printJson(answer);
    return;
  }
  call.note(
    setBy === null || setMs === null
      ? say("policyDefault", { policy: name })
      : say("policySet", { policy: name, version, person: setBy, time: timeText(setMs) }),
  );
  if (unreadable.length > 0) call.note(say("policyUnreadable", { version, words: unreadable.join(" ") }));
  for (const { centre, started, lateShare, lateByP99S } of homes) {
    if (started === 0) {
      call.note(say("policyHomeNew", { centre }));
      continue;
    }
    const late = durationWords(lateByP99S * 1000, call.language);
    call.note(say("policyHome", { centre, started, share: Number((100 * lateShare).toFixed(1)), late }));
  }
  // A server of a later version may know rules that this program does not: then the document alone says them.
  const parsed = parsePolicy(answer.policy);
  if (parsed.kind === "policy") await call.printFacts(policyWords(parsed.policy, call.language));
  else await call.print(`${JSON.stringify(answer.policy, null, 2)}\n`);
}

/**
 * JSON: the same workload under both policies, by group; see docs/guides/policies.md. Needs no server where there is a trace or
 * jobs are made; else it is the network's own history.
 */
export async function diffPolicies(call: Call): Promise<number> {
  const [first = "", second = "", ...files] = call.operands;
  const [a, b] = [askedPolicy(call, first), askedPolicy(call, second)];
  refuseIncomparable(call, { first, second }, a.policy, b.policy);
  const unseen = liveParts.filter((part) => !isDeepStrictEqual(a.policy[part], b.policy[part]));
  if (unseen.length > 0) call.note(call.say("policyNotReplayed", { parts: unseen.join(call.say("comma")) }));
  const { logs, ownDays } = await logsOf(call, files);
  const settings = settingsOf(call, [a, b], logs.length, ownDays);
  const bar = progressBar(call);
  const replays = [a, b].map(({ policy }, place) =>
    simulate(logs, { ...settings, policy }, (done, all) => bar.show(place * all + done, 2 * all)),
  );
  bar.clear();
  const [before, after] = replays.map((done) => {
    if (done.kind === "simulated") return done;
    throw new Stop(exitCodes.refused, simulationRefusalWords(done, call.language));
  });
  if (before === undefined || after === undefined) throw new Error("two policies, two replays");
  const rows = policyDifference(before.workload, before.schedule, after.schedule, before.groups);
  const synthetic = logs.filter(isSynthetic).map(({ name }) => name);
  const told: Told = {
    settings,
    ownDays,
    synthetic,
    rows,
    before: { said: first, ...before },
    after: { said: second, ...after },
  };
  if (call.json) await call.printJson(jsonOf(told, a.policy, b.policy));
  else await print(call, told);
  return exitCodes.done;
}

/** What a replay knows nothing of: its jobs have no class, it preempts nothing, and centres cost nothing. */
const liveParts = ["classes", "defaultClass", "placing", "preemption"] as const satisfies readonly (keyof Policy)[];

type Told = {
  readonly settings: Omit<Simulation, "policy">;
  readonly ownDays: number | null;
  readonly synthetic: readonly string[];
  readonly rows: readonly PolicyDifference[];
  readonly before: Side;
  readonly after: Side;
};
/** A replay, and what its policy was called by whoever asked. */
type Side = Simulated & { readonly said: string };

function refuseIncomparable(
  call: Call,
  said: { readonly first: string; readonly second: string },
  a: Policy,
  b: Policy,
): void {
  if (isDeepStrictEqual({ ...a, name: "" }, { ...b, name: "" }))
    throw new Stop(exitCodes.usage, call.say("policySame", said));
  if (rulesOf(a) === rulesOf(b)) return;
  const [kept, other] = rulesOf(a) === "sequence" ? [said.first, said.second] : [said.second, said.first];
  throw new Stop(exitCodes.usage, call.say("policyOtherRules", { kept, other }));
}

/** `ownDays`: it is the network's own history, of so many days; null: what was given. */
async function logsOf(
  call: Call,
  operands: readonly string[],
): Promise<{ readonly logs: readonly SwfLog[]; readonly ownDays: number | null }> {
  const paths = [...call.all("trace"), ...operands];
  const generated = await generatedLog(call);
  if (paths.length === 0 && generated === null) {
    const { logs, days } = await recentHistory(call);
    return { logs, ownDays: days };
  }
  const logs = [...paths.flatMap((path) => readLogs(call, path)), ...(generated === null ? [] : [generated])];
  return { logs, ownDays: null };
}

/** Both policies are routed alike, as otherwise the routing would be compared too. */
function settingsOf(
  call: Call,
  asked: readonly AskedPolicy[],
  homes: number,
  ownDays: number | null,
): Omit<Simulation, "policy"> {
  const routing = routings.find((one) => one === call.one("routing")) ?? usualRouting(asked, homes);
  const classic = asked.find(({ policy, from }) => from === "name" && policy.name !== "weir");
  if (routing === "weir" && classic)
    throw new Stop(exitCodes.usage, call.say("policyClassicUnderWeir", { policy: classic.policy.name }));
  return {
    routing,
    estimates: call.one("estimates") === "actual" ? "actual" : "requested",
    days: ownDays === null ? call.number("days", 1) : null,
    sequence: null,
    processors: processorsOf(call, homes),
    seed: call.number("seed", 0) ?? 1,
    network: null,
  };
}

/** One queue over all centres, as on the live network; RLScheduler's policies know no such queue. */
function usualRouting(asked: readonly AskedPolicy[], homes: number): Routing {
  const isKept = asked.some(({ policy }) => rulesOf(policy) === "sequence");
  return homes === 1 || isKept ? "home" : "central";
}

function jsonOf({ settings, ownDays, synthetic, rows, before, after }: Told, a: Policy, b: Policy): object {
  const side = ({ said, metrics }: Side, policy: Policy) => ({
    said,
    policy: policy.name,
    meanWaitS: metrics.meanWaitS,
    p95WaitS: metrics.p95WaitS,
    maxWaitS: metrics.maxWaitS,
    averageBoundedSlowdown: metrics.averageBoundedSlowdown,
    utilisation: metrics.utilisation,
    startChecksum: metrics.startChecksum,
  });
  const of = (by: PolicyDifference["by"]) => rows.filter((row) => row.by === by).map(({ by: _, ...row }) => row);
  return {
    before: side(before, a),
    after: side(after, b),
    ...{ jobs: before.metrics.jobs, processors: before.metrics.processors },
    ...{ routing: settings.routing, estimates: settings.estimates, days: settings.days, seed: settings.seed },
    all: of("all")[0],
    homes: of("home"),
    projects: of("project"),
    sizes: of("size"),
    ...(synthetic.length === 0 ? {} : { synthetic }),
    ...(ownDays === null ? {} : { history: { days: ownDays } }),
  };
}

async function print(call: Call, told: Told): Promise<void> {
  const { say } = call;
  const { settings, synthetic, rows, before, after } = told;
  const right = (title: string) => ({ title, align: "right" }) as const;
  const { jobs, processors } = before.metrics;
  await call.printFacts([
    ...synthetic.map((name): readonly [string, string] => [say("simulatedSynthetic"), name]),
    [say("simulatedJobs"), `${jobs}`],
    [say("simulatedProcessors"), `${processors}`],
    [say("simulatedRouting"), routingText(settings.routing, call.language)],
    [say("simulatedEstimates"), say(`estimates_${settings.estimates}`)],
  ]);
  await call.print("\n");
  await call.printTable(
    [
      { title: "" },
      { title: say("simulatedPolicy"), flexible: true },
      ...(["columnMeanWait", "columnP95Wait", "columnMaxWait", "columnSlowdown", "columnUtilisation"] as const).map(
        (title) => right(say(title)),
      ),
    ],
    [["A", before] as const, ["B", after] as const].map(([letter, { said, metrics }]) => [
      letter,
      said,
      ...[metrics.meanWaitS, metrics.p95WaitS, metrics.maxWaitS].map((waitS) => waitText(waitS, call.language)),
      metrics.averageBoundedSlowdown.toFixed(2),
      `${(metrics.utilisation * 100).toFixed(1)} %`,
    ]),
  );
  await call.print("\n");
  const shown = kinds.flatMap((by) => ends(rows.filter((row) => row.by === by)));
  await call.printTable(
    [
      { title: say("columnGroup"), flexible: true },
      ...(
        ["columnHomeJobs", "columnWaitA", "columnWaitB", "columnWaitChange", "columnLater", "columnLaterBy"] as const
      ).map((title) => right(say(title))),
    ],
    shown.map((row) => rowCells(call, row)),
  );
  await call.print(`\n${summary(call, rows)}\n`);
  const left = rows.length - shown.length;
  if (left > 0) call.note(say("policyDiffLeftOut", { left, each: 2 * mostAtEachEnd }));
}

const kinds = ["all", "home", "project", "size"] as const satisfies readonly PolicyDifference["by"][];
const mostAtEachEnd = 10;

/** Of many groups of a kind those that gain most and those that lose most. */
function ends(rows: readonly PolicyDifference[]): readonly PolicyDifference[] {
  if (rows.length <= 2 * mostAtEachEnd || rows[0]?.by === "size") return rows;
  return [...rows.slice(0, mostAtEachEnd), ...rows.slice(-mostAtEachEnd)];
}

function rowCells({ say, language }: Call, row: PolicyDifference): readonly Cell[] {
  const { by, name, jobs, later, laterByP99S, meanWaitBeforeS, meanWaitAfterS, changeS } = row;
  const sign = changeS < 0 ? "-" : "+";
  const change = changeS === 0 ? "0" : `${sign}${waitText(Math.abs(changeS), language)}`;
  const colour = changeS < 0 ? "green" : "red";
  return [
    say(`policyGroup_${by}`, { name }),
    `${jobs}`,
    waitText(meanWaitBeforeS, language),
    waitText(meanWaitAfterS, language),
    changeS === 0 ? change : { text: change, colour },
    `${later}`,
    later === 0 ? "–" : waitText(laterByP99S, language),
  ];
}

function summary({ say }: Call, rows: readonly PolicyDifference[]): string {
  const losing = (by: PolicyDifference["by"]) => {
    const its = rows.filter((row) => row.by === by);
    return `${its.filter(({ changeS }) => changeS > 0).length}/${its.length}`;
  };
  return say("policyDiffSummary", { homes: losing("home"), projects: losing("project"), sizes: losing("size") });
}
