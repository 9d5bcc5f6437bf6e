import type { Answer } from "#api/client.ts";
import type { Centre } from "#api/network.ts";
import type { Call } from "#cli/call.ts";
import { connectionText, memoryText, shapeText, timeCell, timeTitle } from "#cli/formats.ts";
import { everyPage } from "#cli/pages.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import type { Cell } from "#cli/table.ts";
import type { Say } from "#cli/words.ts";

/** JSON: `{"centres": [Centre…], "next": null}`. */
export async function centres(call: Call): Promise<number> {
  const { say } = call;
  const found = await everyPage(
    (cursor) => call.ask("centres", { query: { limit: 1000, ...cursor } }),
    (page) => page.centres,
  );
  if (call.json) {
    await call.printJson({ centres: found, next: null });
    return exitCodes.done;
  }
  await call.printTable(
    [
      { title: say("columnCentre") },
      { title: say("columnTitle"), flexible: true },
      { title: say("columnState") },
      { title: say("columnPool") },
      { title: say("columnCores"), align: "right" },
      { title: say("columnMemory"), align: "right", leaves: 4 },
      { title: say("columnAccelerators") },
      { title: say("columnStartsNow"), leaves: 2 },
      { title: say("columnRuns"), align: "right", leaves: 3 },
      { title: timeTitle("columnSeen", say), leaves: 1 },
    ],
    found.flatMap((centre) => {
      const state = stateCell(call, centre);
      const name = call.language === "zh" ? (centre.nameZh ?? centre.name) : centre.name;
      const head = [centre.id, name, state] as const;
      const seen = centre.lastSeenMs === null ? say("never") : timeCell(centre.lastSeenMs);
      // Of a retired one nothing is there any more; `weir centre show` says what it had.
      if (centre.pools.length === 0 || centre.lifeCycle === "retired") return [[...head, "", "", "", "", "", "", seen]];
      return centre.pools.map((pool, at) => [
        ...(at === 0 ? head : ["", "", ""]),
        poolText(pool, say),
        coresText(pool),
        `${memoryText(pool.memoryMibInUse)}/${memoryText(pool.memoryMib)}`,
        pool.accelerators.map(({ vendor, model, count }) => `${count} × ${vendor} ${model}`).join(say("comma")),
        startableText(pool, say),
        `${pool.runs}`,
        at === 0 ? seen : "",
      ]);
    }),
  );
  const present = found.filter(({ lifeCycle }) => lifeCycle !== "retired");
  if (present.some(({ pools }) => pools.some(({ foreign }) => foreign.kind !== "none"))) call.note(say("coresLegend"));
  if (present.some(({ pools }) => pools.some(({ startable }) => startable.length > 1)))
    call.note(say("startsNowLegend"));
  for (const { id: centre, pools, together } of present) {
    const sharing = pools.filter(({ sharesNodesWith }) => sharesNodesWith.length > 0).map(({ name }) => name);
    if (sharing.length > 0)
      call.note(say("poolsShareNodes", { centre, pools: sharing.join(say("comma")), cores: together.cores }));
  }
  return exitCodes.done;
}

/** Whether it is connected and, where it takes no work for another reason, that too: `connected, on trial`. */
function stateCell({ say }: Call, { state, lifeCycle, intake, driver }: Centre): Cell {
  if (lifeCycle === "retired") return { text: say("lifeCycle_retired"), colour: "dim" };
  const besides = [
    ...(lifeCycle === "in-service" ? [] : [say(`lifeCycle_${lifeCycle}`)]),
    ...(intake === "open" ? [] : [say(`intakeShort_${intake}`)]),
  ];
  return {
    // Its cores are none that anybody could compute on.
    text: [connectionText(state, say), ...besides, ...(driver === "simulated" ? [say("simulatedShort")] : [])].join(
      say("comma"),
    ),
    colour: state !== "connected" ? "red" : besides.length > 0 ? "yellow" : "green",
  };
}

const nodeColours = { up: "green", draining: "yellow", down: "red", maintenance: "yellow" } as const;

/** With the engine's own reason where it is not up. */
function nodeStateCell({ say }: Call, { state, reason }: Answer<"nodes">["nodes"][number]): Cell {
  const words = say(`nodeState_${state}`);
  return {
    text: reason === null ? words : say("beside", { words, more: reason }),
    colour: nodeColours[state],
  };
}

/** With its stage where it takes no work for that: `ai (on trial)`. */
function poolText({ name, lifeCycle }: Centre["pools"][number], say: Say): string {
  return lifeCycle === "in-service" ? name : say("beside", { words: name, more: say(`lifeCycle_${lifeCycle}`) });
}

/** `8+500/640`: the network's, the centre's own users', all; `8+?/640` where those of others are hidden. */
function coresText({ coresInUse, cores, foreign }: Centre["pools"][number]): string {
  const others = { none: "", seen: `+${foreign.runningCores}`, hidden: "+?" }[foreign.kind];
  return `${coresInUse}${others}/${cores}`;
}

/** The largest shape that could start there; where there are others, how many. */
function startableText({ startable: [first, ...others] }: Centre["pools"][number], say: Say): string {
  if (!first) return "–";
  return others.length === 0 ? shapeText(first, say) : `${shapeText(first, say)} (+${others.length})`;
}

/** JSON: `{"nodes": [Node…], "next": cursor | null}`. */
export async function nodes(call: Call): Promise<number> {
  const { say } = call;
  const centre = call.one("centre");
  const limit = call.number("limit", 1);
  const found = await everyPage(
    (cursor) => call.ask("nodes", { query: { limit: 1000, ...(centre !== null && { centre }), ...cursor } }),
    (page) => page.nodes,
    limit,
  );
  if (centre !== null && found.length === 0) {
    const { centres: known } = await call.ask("centres", { query: { limit: 1000 } });
    if (!known.some(({ id }) => id === centre)) throw new Stop(exitCodes.refused, say("noSuchCentre", { centre }));
  }
  if (call.json) {
    await call.printJson({ nodes: found, next: null });
    return exitCodes.done;
  }
  await call.printTable(
    [
      { title: say("columnCentre") },
      { title: say("columnPool") },
      { title: say("columnNode"), flexible: true },
      { title: say("columnState"), flexible: true },
      { title: say("columnCores"), align: "right" },
      { title: say("columnMemory"), align: "right" },
      { title: say("columnRuns"), align: "right" },
    ],
    found.map((node) => [
      node.centre,
      node.pools.join(say("comma")),
      node.name,
      nodeStateCell(call, node),
      `${node.coresInUse}/${node.count * node.cores}`,
      `${memoryText(node.memoryMibInUse)}/${memoryText(node.count * node.memoryMib)}`,
      `${node.runs}`,
    ]),
  );
  return exitCodes.done;
}
