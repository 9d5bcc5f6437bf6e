import { unreachable } from "#core/unreachable.ts";
import { say } from "./doctor-words.ts";
import type { PolicyWords } from "./engine.ts";
import type { Finding } from "./finding.ts";
import type { LocalCommands } from "./local-commands.ts";
import { type NamedPools, reservationsOf, type SeenReservation, shutOf } from "./named-pools.ts";
import type { Site } from "./site.ts";
import { hostList, present, type Words, wordsOf } from "./slurm-text.ts";

/** Who of the mapping there is, as far as a reservation asks. */
type Mapped = readonly { readonly user: string; readonly account: string | null }[];

/** Of each pool that the site names itself: what Slurm shows of it, and what keeps the network from it. */
export async function namedPoolFindings(
  commands: LocalCommands,
  { pools }: Pick<Site, "pools">,
  around: { readonly allows: PolicyWords | null; readonly hidden: readonly string[]; readonly mapped: Mapped },
): Promise<readonly Finding[]> {
  if (Object.keys(pools).length === 0) return [];
  const show = async (...what: readonly string[]) =>
    // A controller that does not answer is named already.
    (await commands("scontrol", ["--oneliner", "show", ...what]).catch(() => "")).split("\n").map(wordsOf);
  const [nodes, partitions, lines, qos] = await Promise.all([
    show("node"),
    show("partition"),
    show("reservation"),
    qosOf(commands, pools),
  ]);
  const reservations = reservationsOf(lines, nodes, Math.round(Date.now() / 1000));
  return poolsFound({ pools, reservations, allows: around.allows }, { ...around, nodes, partitions, qos });
}

type Seen = {
  readonly nodes: readonly Words[];
  readonly partitions: readonly Words[];
  /** By name, its GrpTRES; null: it cannot be asked for. */
  readonly qos: ReadonlyMap<string, string> | null;
  readonly hidden: readonly string[];
  readonly mapped: Mapped;
};

export function poolsFound(named: NamedPools, seen: Seen): readonly Finding[] {
  return Object.entries(named.pools).flatMap(([name, pool]) => {
    const finding = (verdict: Finding["verdict"], words: string): Finding => ({ name: `pool ${name}`, verdict, words });
    const { partition, reservation } = pool;
    const names = seen.partitions.flatMap((words) => words.get("PartitionName") ?? []);
    const shut = shutOf(pool, named, names);
    const facts = { partition, reservation: reservation ?? "", qos: pool.qos ?? "" };
    switch (shut) {
      case "no-partition":
        return finding("wrong", say("poolNoPartition", facts));
      case "not-allowed":
        return finding("wrong", say("poolNotAllowed", { lines: linesOf(pool) }));
      case "no-reservation":
        return finding("wrong", say(seen.hidden.includes("reservations") ? "poolHidden" : "poolNoReservation", facts));
      case "parts-of-nodes":
        return finding("wrong", say("poolOfParts", facts));
      case null: {
        const at = reservation === null ? undefined : named.reservations.get(reservation);
        const ofQos = pool.qos === null ? [] : [qosFinding(pool.qos, seen.qos)];
        return [...(at ? [reservedFinding(facts, at), ...reservationNotes(facts, at, seen)] : []), ...ofQos].map(
          ([verdict, words]) => finding(verdict, words),
        );
      }
      default:
        return unreachable(shut);
    }
  });
}

type Said = readonly [Finding["verdict"], string];

function reservedFinding(facts: { readonly reservation: string }, { window, words }: SeenReservation): Said {
  const [from = "", until = ""] = ["StartTime", "EndTime"].map((key) => timeText(Number(words.get(key))));
  const said = { ...facts, nodes: words.get("Nodes") ?? "", from, until };
  return ["good", say(window.startsInMs > 0 ? "poolAhead" : "poolOpen", said)];
}

function reservationNotes(
  facts: { readonly partition: string; readonly reservation: string },
  { nodes, words }: SeenReservation,
  seen: Seen,
): readonly Said[] {
  const own = present(words.get("PartitionName"));
  const inPartition = new Set(
    seen.nodes.flatMap((node) =>
      (node.get("Partitions") ?? "").split(",").includes(facts.partition) ? (node.get("NodeName") ?? []) : [],
    ),
  );
  const outside = hostList([...nodes].filter((node) => !inPartition.has(node)));
  const kept = [...new Set(seen.mapped.flatMap((one) => (isLetIn(one, words) ? [] : one.user)))];
  return [
    ...(own !== null && own !== facts.partition
      ? [["wrong", say("poolOtherPartition", { ...facts, own })] as const]
      : []),
    ...(outside !== "" ? [["note", say("poolOutside", { ...facts, list: outside })] as const] : []),
    ...(kept.length > 0 ? [["note", say("poolKeepsOut", { ...facts, users: kept.join(", ") })] as const] : []),
  ];
}

/** By its lists of users and accounts; where it names whom it keeps out, or groups, Slurm alone knows. */
function isLetIn({ user, account }: Mapped[number], words: Words): boolean {
  const [users, accounts] = ["Users", "Accounts"].map((key) => present(words.get(key))?.split(",") ?? null);
  if (present(words.get("Groups")) !== null) return true;
  if ([...(users ?? []), ...(accounts ?? [])].some((word) => word.startsWith("-"))) return true;
  return (users?.includes(user) ?? true) && (account === null || (accounts?.includes(account) ?? true));
}

function qosFinding(qos: string, known: Seen["qos"]): Said {
  if (known === null) return ["wrong", say("poolQosUnknown", { qos })];
  const most = known.get(qos);
  if (most === undefined) return ["wrong", say("poolNoQos", { qos })];
  return most === "" ? ["good", say("poolQos", { qos })] : ["note", say("poolQosMost", { qos, most })];
}

async function qosOf(commands: LocalCommands, pools: Site["pools"]): Promise<ReadonlyMap<string, string> | null> {
  if (Object.values(pools).every(({ qos }) => qos === null)) return new Map();
  const text = await commands("sacctmgr", ["--noheader", "--parsable2", "show", "qos", "format=name,grptres"]).catch(
    () => null,
  );
  if (text === null) return null;
  return new Map(
    text.split("\n").flatMap((line) => {
      const [name = "", most = ""] = line.split("|");
      return name === "" ? [] : [[name, most] as const];
    }),
  );
}

/** The lines that the policy lacks, or some of them. */
function linesOf({ partition, reservation, qos }: Site["pools"][string]): string {
  const words = Object.entries({ partition, reservation, qos });
  return words.flatMap(([key, word]) => (word === null ? [] : [`${key} ${word}`])).join("; ");
}

function timeText(atS: number): string {
  return new Date(atS * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
