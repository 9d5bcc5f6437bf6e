import type { Answer, Arguments } from "#api/client.ts";
import { badValue, type Call } from "#cli/call.ts";
import { timeText } from "#cli/formats.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { readCapacity } from "#core/centre/capacity.ts";
import { capacityWords, lineWords, partWords, stageWords } from "#core/centre/capacity-words.ts";
import { lifeCycles } from "#core/centre/life-cycle.ts";
import { capacityTotals, withLine } from "#core/centre/stated-capacity.ts";
import { phraseWords } from "#core/job/phrase.ts";

type Line = Answer<"capacity">["lines"][number];
type NewLine = Arguments<"setCapacity">[0]["body"]["lines"][number];

/** JSON: the API's `CentreCapacity`. --state, --line and --take-out set a new version of it first. */
export async function centreCapacity(call: Call): Promise<number> {
  const centre = call.operands[0] ?? "";
  const stated = await call.ask("capacity", { params: { centre } });
  const lines = changedLines(call, stated.lines);
  const answer =
    lines === null
      ? stated
      : await call.ask("setCapacity", {
          params: { centre },
          query: { base: stated.version },
          body: { lines: [...lines] },
        });
  if (lines !== null && answer.version === stated.version) call.note(call.say("capacitySame"));
  if (call.json) await call.printJson(answer);
  else await print(call, answer);
  return exitCodes.done;
}

/** null: nothing is to be changed. */
function changedLines(call: Call, lines: readonly Line[]): readonly NewLine[] | null {
  const [gone, number] = [call.number("take-out", 1), call.number("line", 1)];
  const fields = ["state", "stage", ...textOptions, "device", "count", "basis"];
  if (gone !== null) {
    if (["line", ...fields].some(call.has)) throw new Stop(exitCodes.usage, call.say("capacityTakeOutAlone"));
    lineOf(call, lines, gone);
    return lines.filter(({ line }) => line !== gone);
  }
  if (number === null && !fields.some(call.has)) return null;
  if (number === null && !(call.has("state") && call.has("stage")))
    throw new Stop(exitCodes.usage, call.say("capacityNeedsStage"));
  const before = number === null ? null : lineOf(call, lines, number);
  return withLine<NewLine>(lines, typedLine(call, before));
}

function lineOf(call: Call, lines: readonly Line[], number: number): Line {
  const found = lines.find(({ line }) => line === number);
  if (found) return found;
  const known = lines.map(({ line }) => line).join(call.say("comma")) || "–";
  throw new Stop(exitCodes.usage, call.say("capacityNoLine", { line: number, known }));
}

/** What was typed, on what the line was before; `none` takes a name away. */
function typedLine(call: Call, before: Line | null): NewLine {
  const [site = null, phase = null, pool = null, inServiceFrom = null, regionCode = null] = [
    "site" as const,
    "phase" as const,
    "pool" as const,
    "from" as const,
    "region" as const,
  ].map((option) => {
    const said = call.one(option);
    return said === null ? (before?.[fieldOf[option]] ?? null) : said === "none" ? null : said;
  });
  return {
    ...(before && { line: before.line }),
    site,
    phase,
    pool,
    device: typedDevice(call, before),
    ...typedFigure(call, before),
    basis:
      call.one("basis") === null
        ? (before?.basis ?? "nominal")
        : call.one("basis") === "measured"
          ? "measured"
          : "nominal",
    lifeCycle: lifeCycles.find((stage) => stage === call.one("stage")) ?? before?.lifeCycle ?? "planned",
    inServiceFrom,
    regionCode,
    evidence: call.one("evidence") ?? before?.evidence ?? "",
  };
}

const fieldOf = { site: "site", phase: "phase", pool: "pool", from: "inServiceFrom", region: "regionCode" } as const;
const textOptions = [...Object.keys(fieldOf), "evidence"];

function typedFigure(call: Call, before: Line | null): Pick<NewLine, "precision" | "sparsity" | "valueGigaflops"> {
  const said = call.one("state");
  if (said === null && before !== null) {
    const { precision, sparsity, valueGigaflops } = before;
    return { precision, sparsity, valueGigaflops };
  }
  const read = readCapacity(said ?? "");
  if (read.kind === "refused") throw new Stop(exitCodes.usage, phraseWords(read.words, call.language));
  return { precision: read.precision, sparsity: read.sparsity, valueGigaflops: `${read.gigaflops}` };
}

function typedDevice(call: Call, before: Line | null): NonNullable<NewLine["device"]> | null {
  const said = call.one("device");
  if (said === "none") return null;
  const count = call.number("count", 1);
  if (said === null) {
    if (count !== null && !before?.device) throw new Stop(exitCodes.usage, call.say("capacityCountNeedsDevice"));
    return before?.device ? { ...before.device, count: count ?? before.device.count } : null;
  }
  const [, vendor, model] = /^([^/]+)\/(.+)$/.exec(said) ?? [];
  if (!vendor || !model) throw badValue(call.say, "--device", said, call.say("expectedDevice"));
  return { vendor, model, count: count ?? before?.device?.count ?? 1 };
}

async function print(call: Call, { centre, version, setBy, setMs, lines }: Answer<"capacity">): Promise<void> {
  const { say, language } = call;
  if (setBy === null || setMs === null) {
    call.note(say("capacityNone", { centre }));
    return;
  }
  call.note(say("capacitySet", { version, person: setBy, time: timeText(setMs) }));
  const stated = lines.map(({ valueGigaflops, ...line }) => ({ ...line, gigaflops: BigInt(valueGigaflops) }));
  await call.printTable(
    [
      { title: say("columnLine"), align: "right" },
      { title: say("columnCapacityOf"), flexible: true },
      { title: say("columnCapacity") },
      { title: say("columnStage") },
      { title: say("columnInServiceFrom") },
      { title: say("columnRegion") },
      { title: say("columnCapacityEvidence"), flexible: true },
    ],
    stated.map((line) => [
      `${line.line}`,
      partWords(line, language),
      lineWords(line, language),
      stageWords(line.lifeCycle, language),
      line.inServiceFrom ?? "",
      line.regionCode ?? "",
      line.evidence.replaceAll(/\s+/g, " "),
    ]),
  );
  const totals = capacityTotals(stated, "in-service");
  if (totals.length === 0) return;
  await call.print("\n");
  await call.printFacts(
    totals.map((total) => [
      say("capacityTotal", { stage: stageWords(total.lifeCycle, language) }),
      capacityWords(total, language),
    ]),
  );
}
