import { commandsEngine } from "./commands.ts";
import { type DelegatedEngine, delegatedEngine } from "./delegated-engine.ts";
import { say } from "./doctor-words.ts";
import type { Engine } from "./engine.ts";
import type { Finding } from "./finding.ts";
import { type RestEngine, restEngine } from "./rest.ts";
import { openRestClient, type RestPlace } from "./rest-client.ts";
import { knownRange } from "./rest-version.ts";
import type { Site } from "./site.ts";
import type { WeirAs } from "./weir-as.ts";

/** The way to Slurm that the site chose. */
export function openEngine(
  site: Site,
  helper: WeirAs,
  note: (words: string, facts: object) => void,
): Engine | DelegatedEngine {
  const commands = commandsEngine(helper);
  if (site.transport === "commands" || site.rest === null) return commands;
  const rest = restAt(site.rest, commands, helper, note);
  return site.delegated === null ? rest : delegatedEngine(rest, commands, note);
}

/** What the doctor says of both ways: which is used, which is there, and what version would be spoken. */
export async function transportFindings(
  site: Site,
  helper: WeirAs,
  facts: { readonly tokenLifeS: number; readonly user: string | null },
): Promise<readonly Finding[]> {
  const name = "transport";
  const chosen = site.transport === "rest";
  const commands: Finding[] = chosen
    ? []
    : [{ name, verdict: "good", words: say("commands", { helper: site.helper.join(" ") }) }];
  if (site.rest === null) return [...commands, ...(await unnamedDaemon())];
  const used = chosen ? "" : say("usedWith");
  const wrong = (words: string): Finding => ({ name, verdict: chosen ? "wrong" : "note", words: words + used });
  if (facts.tokenLifeS === 0) return [...commands, wrong(say("restNoTokens"))];
  if (facts.user === null) return [...commands, wrong(say("restNobody"))];
  const rest = restAt(site.rest, commandsEngine(helper), helper, () => {});
  try {
    const version = await rest.version(facts.user);
    const answer = await rest.ping(facts.user);
    const tokens = say(site.delegated === null ? "restOfHelper" : "restOfUsers");
    const words = say("restKnown", { place: rest.place, version: version.name, tokens, ...knownRange });
    const verdict = !chosen || !version.isRunLive ? "note" : "good";
    const untested = version.isRunLive ? "" : say("restUntested");
    return [...commands, answer === null ? { name, verdict, words: words + untested + used } : wrong(answer)];
  } catch (error) {
    return [...commands, wrong(error instanceof Error ? error.message : String(error))];
  } finally {
    rest.closeRest();
  }
}

/** Where slurmrestd listens by default and says that a token is wanted, the site may choose it. */
async function unnamedDaemon(): Promise<readonly Finding[]> {
  const client = openRestClient({ kind: "tcp", host: "127.0.0.1", port: defaultPort });
  try {
    const call = { method: "GET", path: "/openapi/v3", user: "nobody", token: "none", patienceMs: 1000 } as const;
    const { status, text } = await client.call(call);
    const isDaemon = text.includes("slurm") || (status === 401 && /Authentication failure/.test(text));
    if (!isDaemon) return [];
    return [{ name: "transport", verdict: "note", words: say("restUnnamed", { place: client.place }) }];
  } catch {
    return [];
  } finally {
    client.close();
  }
}

const defaultPort = 6820;

function restAt(
  rest: NonNullable<Site["rest"]>,
  commands: Engine,
  helper: WeirAs,
  note: (words: string, facts: object) => void,
): RestEngine {
  const monotonicMs = () => performance.now();
  return restEngine(commands, helper, { place: restPlace(rest), patienceMs: rest.patienceS * 1000, note, monotonicMs });
}

/** site.ts has seen to it that one of the two is there. */
function restPlace({ socket, url }: NonNullable<Site["rest"]>): RestPlace {
  if (socket !== null) return { kind: "socket", path: socket };
  const { hostname, port } = new URL(url ?? "");
  return { kind: "tcp", host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) };
}
