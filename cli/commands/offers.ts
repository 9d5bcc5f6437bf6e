import type { Offer } from "#api/network.ts";
import type { Call } from "#cli/call.ts";
import { exitCodes } from "#cli/stop.ts";

/** JSON: the API's `{"offers": [Offer…]}`. */
export async function offers(call: Call): Promise<number> {
  const { say } = call;
  const [centre] = call.operands;
  const named = call.one("software");
  const answer = await call.ask("offers", { query: { ...(centre !== undefined && { centre }) } });
  const found = named === null ? answer.offers : answer.offers.map((offer) => onlySoftware(offer, named));
  if (call.json) {
    await call.printJson({ offers: found });
    return exitCodes.done;
  }
  const isNothing = found.every((offer) => linesOf(offer, call).every(([, words]) => words.length === 0));
  if (isNothing) {
    call.note(named === null ? say("offersNothing") : say("offersNoSoftware", { name: named }));
    return exitCodes.done;
  }
  const most = named === null ? mostListed : Number.POSITIVE_INFINITY;
  await call.printTable(
    [{ title: say("columnCentre") }, { title: say("columnOffer") }, { title: say("columnOffered"), flexible: true }],
    found.flatMap((offer) => {
      const lines = linesOf(offer, call).filter(([, words]) => words.length > 0);
      const name = offer.inService
        ? offer.centre
        : say("beside", { words: offer.centre, more: say("offerNotServing") });
      return lines.map(([title, words], at) => [at === 0 ? name : "", title, listed(words, most, call)]);
    }),
  );
  return exitCodes.done;
}

/** More of one kind are counted; --json and --software have them all. */
const mostListed = 20;

function linesOf(offer: Offer, { say }: Call): readonly (readonly [string, readonly string[]])[] {
  const { aliases, partitionPools, licences } = offer;
  const known = new Set(licences.map(({ name }) => name));
  return [
    [say("offer_partition"), aliases.partition.map((word) => pooled(word, partitionPools[word]))],
    ...(["qos", "constraint", "gres", "reservation"] as const).map(
      (kind) => [say(`offer_${kind}`), aliases[kind]] as const,
    ),
    [
      say("offer_licences"),
      [
        ...licences.map(({ name, free, total }) => say("offerLicence", { name, free, total })),
        ...aliases.licences.filter((word) => !known.has(word)),
      ],
    ],
    [say("offer_software"), offer.software],
    [say("offer_containers"), offer.containers],
    [say("offer_mpi"), offer.mpi],
    [
      say("offer_fileSystems"),
      offer.fileSystems.map(({ name, path, shared, purgeDays }) => {
        const facts = [
          ...(name === path ? [] : [path]),
          say(shared ? "offerShared" : "offerOfNode"),
          ...(purgeDays === null ? [] : [say("offerPurge", { days: purgeDays })]),
        ];
        return say("beside", { words: name, more: facts.join(say("clause")) });
      }),
    ],
  ];
}

function pooled(word: string, pool: string | undefined): string {
  return pool === undefined ? word : `${word} → ${pool}`;
}

function listed(words: readonly string[], most: number, { say }: Call): string {
  const shown = words.slice(0, most).join(say("comma"));
  return words.length <= most ? shown : `${shown}${say("clause")}${say("offerMore", { count: words.length - most })}`;
}

function onlySoftware(offer: Offer, name: string): Offer {
  const aliases = { partition: [], qos: [], constraint: [], gres: [], licences: [], reservation: [] };
  const software = offer.software.filter((one) => one.startsWith(name));
  return { ...offer, aliases, partitionPools: {}, software, containers: [], mpi: [], fileSystems: [], licences: [] };
}
