import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Call } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { nearestName } from "#core/nearest-name.ts";
import { policies } from "#core/scheduling/policy.ts";
import { parsePolicy, policyIssueWords } from "#core/scheduling/policy-file.ts";
import type { AskedPolicy } from "#simulator/defaults.ts";

/** The policy that was named, or that the file says; neither ends the command, with the nearest name. */
export function askedPolicy(call: Call, said: string): AskedPolicy {
  const named = Object.entries(policies).find(([name]) => name === said);
  if (named) return { policy: named[1], from: "name" };
  const names = Object.keys(policies);
  if (!existsSync(resolve(call.terminal.folder, said))) {
    const near = nearestName(said, names);
    const facts = { policy: JSON.stringify(said), names: names.join(call.say("comma")) };
    throw new Stop(
      exitCodes.usage,
      near ? call.say("simulateNoPolicyNear", { ...facts, near }) : call.say("simulateNoPolicy", facts),
    );
  }
  const parsed = parsePolicy(readJson(call, said));
  if (parsed.kind === "policy") return { policy: parsed.policy, from: "file" };
  const words = policyIssueWords(parsed.issues, call.language);
  throw new Stop(exitCodes.usage, call.say("simulatePolicyRefused", { path: said, words }));
}

/** The same as a policy file says it, for a server that checks it again. */
export function askedPolicyFile(call: Call, said: string): Record<string, unknown> {
  const { from } = askedPolicy(call, said);
  const file = from === "name" ? { like: said } : readJson(call, said);
  return typeof file === "object" && file !== null ? { ...file } : {};
}

function readJson(call: Call, path: string): unknown {
  try {
    return JSON.parse(readFileSync(resolve(call.terminal.folder, path), "utf8"));
  } catch (error) {
    const words = fileTroubleWords(error, call.say);
    throw new Stop(exitCodes.usage, call.say("simulatePolicyNotRead", { path, words }));
  }
}
