import { connect } from "#agent/connection.ts";
import { testedVersions } from "#agent/drivers/slurm/configuration.ts";
import { examineSlurm, findingsText } from "#agent/drivers/slurm/doctor.ts";
import type { Finding } from "#agent/drivers/slurm/finding.ts";
import { readCredential } from "#agent/enrol.ts";
import { goesMs, readLeaving } from "#agent/leaving.ts";
import { agentVersion } from "#agent/run-agent.ts";
import type { Given } from "./given.ts";
import { whenText } from "./leave.ts";
import { say } from "./say.ts";
import { becomeAgent, credentialIn, type Environment } from "./settings.ts";

/** Looks as the agent's user, so that what it finds is what the agent will find. Changes nothing. */
export async function doctor(given: Given): Promise<number> {
  const folder = becomeAgent(given.environment);
  const findings = [
    identity(),
    ...(await examineSlurm(given.environment, folder)),
    ...(await ofServer(given.environment)),
    ofCredential(folder),
    ...ofLeaving(folder),
  ];
  const wrong = findings.filter(({ verdict }) => verdict === "wrong").length;
  if (given.has("json")) given.print(JSON.stringify({ findings, wrong, testedVersions }, null, 2));
  else {
    given.print(findingsText(findings));
    given.print(wrong === 0 ? say("nothingWrong") : say("countWrong", { count: wrong }));
  }
  return wrong === 0 ? 0 : 1;
}

function identity(): Finding {
  const uid = process.getuid?.() ?? -1;
  if (uid !== 0) return { name: "identity", verdict: "good", words: say("identityGood", { uid }) };
  return { name: "identity", verdict: "wrong", words: say("identityRoot") };
}

async function ofServer(environment: Environment): Promise<readonly Finding[]> {
  const name = "server";
  const url = environment.WEIR_SERVER_URL;
  if (!url) return [{ name, verdict: "note", words: say("serverUnsaid") }];
  const proxy = url.startsWith("https:") ? environment.HTTPS_PROXY : environment.HTTP_PROXY;
  const way = proxy ? say("serverThrough", { url, proxy }) : url;
  try {
    const connection = connect(url, environment);
    try {
      const beforeMs = Date.now();
      // Without a token a server of Weir refuses this, and changes nothing; that of another version says so first.
      const asked = { token: "", agentVersion, driver: environment.WEIR_DRIVER || "process" };
      const answer = await connection.post("/agent/enrol", asked, null, 15_000);
      const isOther = answer.kind === "refused" && answer.problem === "agent-version";
      if (answer.kind !== "refused" || (answer.status !== 401 && !isOther))
        return [{ name, verdict: "wrong", words: say("serverNotWeir", { way }) }];
      const clock = answer.serverMs === null ? [] : [clockFinding(answer.serverMs, beforeMs, Date.now())];
      if (isOther) return [{ name, verdict: "wrong", words: `${way}: ${answer.words}` }, ...clock];
      return [{ name, verdict: "good", words: say("serverAnswers", { way }) }, ...clock];
    } finally {
      connection.close();
    }
  } catch (error) {
    return [{ name, verdict: "wrong", words: `${way}: ${error instanceof Error ? error.message : error}` }];
  }
}

/** HTTP tells whole seconds. Leases are durations, so a difference costs no run; times that are shown are off by it. */
export function clockFinding(serverMs: number, beforeMs: number, afterMs: number): Finding {
  const early = Math.max(0, beforeMs - 1000 - serverMs);
  const late = Math.max(0, serverMs - afterMs);
  const offS = Math.round((late > 0 ? late : -early) / 1000);
  const name = "server's clock";
  if (Math.abs(offS) <= 5)
    return { name, verdict: "good", words: say("clockGood", { off: Math.max(1, Math.abs(offS)) }) };
  return { name, verdict: "wrong", words: say("clockOff", { off: offS }) };
}

function ofCredential(folder: string): Finding {
  const name = "credential";
  const credential = readCredential(credentialIn(folder));
  if (credential === null) return { name, verdict: "note", words: say("credentialNone") };
  return { name, verdict: "good", words: say("credentialGood", { centre: credential.centre }) };
}

/** So that nobody forgets what was to be removed. */
function ofLeaving(folder: string): readonly Finding[] {
  const leaving = readLeaving(folder);
  if (leaving === null) return [];
  return [
    { name: "leaving", verdict: "note", words: whenText({ ...leaving, isAgreed: true, goesMs: goesMs(leaving) }) },
  ];
}
