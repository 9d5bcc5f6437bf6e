import { commandsEngine } from "./commands.ts";
import type { Engine } from "./engine.ts";
import { type RestEngine, restEngine } from "./rest.ts";
import type { RestPlace } from "./rest-client.ts";
import type { Site } from "./site.ts";
import type { WeirAs } from "./weir-as.ts";

/** The way to Slurm that the site chose; `rest` only where it is slurmrestd. */
export function openEngine(
  site: Site,
  helper: WeirAs,
  note: (words: string, facts: object) => void,
): { readonly engine: Engine; readonly rest: RestEngine | null } {
  const commands = commandsEngine(helper);
  if (site.transport === "commands" || site.rest === null) return { engine: commands, rest: null };
  const rest = restEngine(commands, helper, {
    place: restPlace(site.rest),
    patienceMs: site.rest.patienceS * 1000,
    note,
    monotonicMs: () => performance.now(),
  });
  return { engine: rest, rest };
}

/** site.ts has seen to it that one of the two is there. */
function restPlace({ socket, url }: NonNullable<Site["rest"]>): RestPlace {
  if (socket !== null) return { kind: "socket", path: socket };
  const { hostname, port } = new URL(url ?? "");
  return { kind: "tcp", host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) };
}
