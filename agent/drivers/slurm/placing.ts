import type { RunOrder } from "#core/run-order.ts";
import type { Place } from "./chunks.ts";
import { gresWords } from "./describe.ts";
import type { Mapping } from "./mapping.ts";
import { shutOf } from "./named-pools.ts";
import { tableOf } from "./offering.ts";
import type { Site } from "./site.ts";
import { type Look, mostTimeS, namedIn, poolsSeen, type Surroundings } from "./surroundings.ts";
import { noWords, translated } from "./words.ts";

export type Placed =
  | { readonly kind: "placed"; readonly place: Place }
  | { readonly kind: "refused"; readonly words: string }
  | { readonly kind: "busy"; readonly words: string };

/** As whom and where an order is submitted here: by the site's mapping, its partitions and its words. */
export async function placeOf(
  order: RunOrder,
  { mapping, around, site }: { readonly mapping: Mapping; readonly around: Surroundings; readonly site: Site },
): Promise<Placed> {
  const resolved = mapping.resolve(order.person, order.project);
  if (resolved.kind === "not-ready") return { kind: "refused", words: resolved.words };
  if (resolved.kind === "needs-credential") return { kind: "busy", words: resolved.words };
  const { allocation, pool } = order;
  const named = site.pools[pool] ?? null;
  const partition = named?.partition ?? pool;
  const hasPool = ({ partitions }: Look) => partitions.some((one) => one.get("PartitionName") === partition);
  const shutBy = (look: Look) => named && shutOf(named, namedIn(look, site), partitionNames(look));
  const last = await around.lastLook();
  const look = hasPool(last) && !shutBy(last) ? last : await around.look();
  // It may come again, and what is sent without it would be refused, or run beside it.
  if (shutBy(look)) return { kind: "busy", words: `pool ${pool} is not there now` };
  if (!hasPool(look)) return { kind: "refused", words: `this cluster has no partition ${pool}` };
  let gres: string | null = null;
  if (allocation.acceleratorsPerNode > 0) {
    const { acceleratorVendor: vendor, acceleratorModel: model, acceleratorsPerNode: count } = allocation;
    const asked = { vendor, model, count, shareMilli: allocation.acceleratorShareMilli };
    gres = gresWords(look.nodes, partition, asked, site.devices);
    if (gres === null)
      return { kind: "refused", words: `no node of ${pool} has ${count} × ${vendor ?? "any"}/${model ?? "any"}` };
  }
  // One that was asked for by a word may be new since; who asks for nothing pays for no table.
  const local = translated(order, order.demands ? tableOf(look, poolsSeen(look, site, new Map()), site) : noWords);
  if (local.kind === "refused") return local;
  const { user, account, qos } = resolved.entry;
  const { words } = local;
  const reservation = named?.reservation ?? null;
  if (reservation !== null && words.reservation !== null && words.reservation !== reservation)
    return { kind: "refused", words: `the job asks for a reservation that pool ${pool} is not` };
  const ofPool = named?.qos ?? null;
  const isOtherPools = Object.values(site.pools).some((one) => one.qos !== null && one.qos === words.qos);
  if (words.qos !== null && words.qos !== ofPool && (ofPool !== null || isOtherPools))
    return {
      kind: "refused",
      words: `the job asks for QoS ${order.demands?.siteWords.qos?.join(",")}, which pool ${pool} is not: name another partition, or no QoS`,
    };
  const place = {
    user,
    account,
    partition,
    qos: words.qos ?? ofPool ?? qos ?? site.qos[pool] ?? null,
    gres: [gres, words.gres].filter((word) => word !== null).join(",") || null,
    words: reservation === null ? words : { ...words, reservation },
    ...(reservation !== null && { isReserved: true as const }),
    mostTimeS: mostTimeS(look, partition),
  };
  return { kind: "placed", place };
}

function partitionNames({ partitions }: Look): readonly string[] {
  return partitions.map((one) => one.get("PartitionName") ?? "");
}
