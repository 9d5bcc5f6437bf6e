import { type Capacity, flopsWords } from "#core/centre/capacity.ts";
import { type LifeCycle, lifeCycles, move } from "#core/centre/life-cycle.ts";
import { type Phrase, phrase } from "#core/job/phrase.ts";
import { networkDay } from "#core/ledger/network-day.ts";

/**
 * One line of what is stated of a centre's capacity (O3): of its site, phase, pool and device, each where it is named,
 * of the centre as a whole where none is. It says its stage itself, and is no further than the centre is.
 */
export type StatedCapacity = Capacity & {
  /** Its number at the centre, from 1, never given again. */
  readonly line: number;
  readonly site: string | null;
  readonly phase: string | null;
  readonly pool: string | null;
  /** Of devices `gigaflops` is of ONE of them. */
  readonly device: StatedDevice | null;
  readonly lifeCycle: LifeCycle;
  /** `2027-06` or `2027-06-30`: from when it is, or is to be, in service; null: nobody said. */
  readonly inServiceFrom: string | null;
  /** By ISO 3166-2 or GB/T 2260, as it was said; null: where the centre is. */
  readonly regionCode: string | null;
  /** Where the figure comes from: a data sheet, an HPL result, an approval. */
  readonly evidence: string;
};

export type StatedDevice = { readonly vendor: string; readonly model: string; readonly count: number };

/** A sum that may stand for itself: of one stage, precision, sparsity and basis only. */
export type CapacityTotal = Capacity & { readonly lifeCycle: LifeCycle };

/** 1 ZFLOPS: more on one line is a unit mistaken. */
const mostGigaflops = 10n ** 12n;

/** Of all devices of the line. */
export function gigaflopsOf({ gigaflops, device }: StatedCapacity): bigint {
  return gigaflops * BigInt(device?.count ?? 1);
}

/**
 * What a centre has and is to have, in the order of the life-cycle, then of precisions as they were first stated. A line
 * is no further than its centre; what is retired is not counted.
 */
export function capacityTotals(lines: readonly StatedCapacity[], centre: LifeCycle): readonly CapacityTotal[] {
  const totals = new Map<string, CapacityTotal>();
  for (const line of lines) {
    const { precision, sparsity, basis } = line;
    const lifeCycle = stageOf([centre, line.lifeCycle]);
    const key = `${lifeCycle} ${precision} ${sparsity} ${basis}`;
    const gigaflops = (totals.get(key)?.gigaflops ?? 0n) + gigaflopsOf(line);
    totals.set(key, { precision, sparsity, basis, gigaflops, lifeCycle });
  }
  return lifeCycles
    .filter((stage) => stage !== "retired")
    .flatMap((stage) => [...totals.values()].filter((total) => total.lifeCycle === stage));
}

/** The stage of what lies within others: retired where any is, else the earliest. */
export function stageOf(lifeCycleOfEach: readonly LifeCycle[]): LifeCycle {
  if (lifeCycleOfEach.includes("retired")) return "retired";
  return lifeCycles.find((stage) => lifeCycleOfEach.includes(stage)) ?? "planned";
}

/**
 * How far a pool is by what is stated of it and its devices: in service as soon as some of it is; null: nothing is
 * stated. Placement sees a pool only in service, whatever its agent reports.
 */
export function statedStage(
  lines: readonly Pick<StatedCapacity, "pool" | "lifeCycle">[],
  pool: string,
): LifeCycle | null {
  const stages = lines.filter((line) => line.pool === pool).map(({ lifeCycle }) => lifeCycle);
  return lifeCycles.findLast((stage) => stage !== "retired" && stages.includes(stage)) ?? stages[0] ?? null;
}

/**
 * The lines with this one, new or changed. A site lies in one place: its other lines say what this one says, which says
 * what they do where it is new there and says nothing.
 */
export function withLine<Line extends Placed>(lines: readonly Line[], line: Line): readonly Line[] {
  const before = line.line === undefined ? undefined : lines.find((one) => one.line === line.line);
  const { site = null } = line;
  const atSite = lines.filter((one) => site !== null && one.site === site);
  const known = before?.site === site ? null : atSite.find(({ regionCode }) => regionCode != null)?.regionCode;
  const placed = { ...line, regionCode: line.regionCode ?? known ?? null };
  const all = before ? lines.map((one) => (one === before ? placed : one)) : [...lines, placed];
  return all.map((one) => (atSite.includes(one) ? { ...one, regionCode: placed.regionCode } : one));
}

type Placed = {
  readonly line?: number | undefined;
  readonly site?: string | null | undefined;
  readonly regionCode?: string | null | undefined;
};

export type StatementIssue = { readonly at: number; readonly field: string; readonly words: Phrase };

/**
 * What is wrong with stating these lines in place of those `before`; a line kept has its number. `reported`: the pools
 * that the centre's agent has told of, which are in service where nothing else is stated.
 */
export function statementIssues(
  lines: readonly StatedCapacity[],
  { before, reported, nowMs }: Stated,
): readonly StatementIssue[] {
  const ofLines = lines.flatMap((line, at) =>
    [
      ...wrongFigure(line),
      ...wrongStage(line, before.find((one) => one.line === line.line) ?? null, nowMs),
      ...wrongBeside(line, lines.slice(0, at)),
    ].map(([field, words]) => ({ at, field, words })),
  );
  return [...ofLines, ...wrongPools(lines, { before, reported })];
}

type Stated = {
  readonly before: readonly StatedCapacity[];
  readonly reported: readonly string[];
  readonly nowMs: number;
};
type Wrong = readonly [field: string, words: Phrase];

function wrongFigure(line: StatedCapacity): readonly Wrong[] {
  const { precision, sparsity, basis, evidence, lifeCycle } = line;
  const wrong: Wrong[] = [];
  if (gigaflopsOf(line) > mostGigaflops)
    wrong.push(["valueGigaflops", phrase("capacity-too-much", { said: flopsWords(gigaflopsOf(line)) })]);
  if (precision === "fp64" && sparsity === "sparse") wrong.push(["sparsity", phrase("capacity-no-sparse-fp64")]);
  if (basis === "measured" && evidence.trim() === "") wrong.push(["evidence", phrase("capacity-evidence")]);
  if (basis === "measured" && (lifeCycle === "planned" || lifeCycle === "building"))
    wrong.push(["basis", phrase("capacity-not-measured")]);
  return wrong;
}

function wrongStage(line: StatedCapacity, before: StatedCapacity | null, nowMs: number): readonly Wrong[] {
  const { lifeCycle, inServiceFrom } = line;
  const wrong: Wrong[] = [];
  if (before === null && lifeCycle === "retired") wrong.push(["lifeCycle", phrase("capacity-new-retired")]);
  if (before !== null && before.lifeCycle !== lifeCycle) {
    const moved = move(before.lifeCycle, lifeCycle);
    if (moved.kind === "illegal") wrong.push(["lifeCycle", stepPhrase(moved.from, moved.to, moved.legal)]);
  }
  if (inServiceFrom === null) return wrong;
  const from = networkDay(inServiceFrom.length === 7 ? `${inServiceFrom}-01` : inServiceFrom);
  if (from === null) wrong.push(["inServiceFrom", phrase("must-be", { what: phrase("a-month-or-day") })]);
  else if (lifeCycle === "in-service" && from.fromMs > nowMs)
    wrong.push(["inServiceFrom", phrase("capacity-not-yet", { from: inServiceFrom })]);
  return wrong;
}

function stepPhrase(from: LifeCycle, to: LifeCycle, legal: readonly LifeCycle[]): Phrase {
  if (legal.length === 0) return phrase("capacity-step-final");
  const either = legal.map(stagePhrase).reduce((one, other) => phrase("either", { one, other }));
  return phrase("capacity-step", { from: stagePhrase(from), to: stagePhrase(to), legal: either });
}

function stagePhrase(stage: LifeCycle): Phrase {
  return phrase(`stage-${stage}`);
}

/** Against the lines above it: one site is in one place, and nothing is counted twice. */
function wrongBeside(line: StatedCapacity, above: readonly StatedCapacity[]): readonly Wrong[] {
  const wrong: Wrong[] = [];
  const elsewhere = above.find(
    (one) => one.site !== null && one.site === line.site && one.regionCode !== line.regionCode,
  );
  if (elsewhere)
    wrong.push([
      "regionCode",
      phrase("capacity-one-place", {
        site: line.site ?? "",
        other: elsewhere.regionCode ?? "–",
        at: above.indexOf(elsewhere) + 1,
      }),
    ]);
  const twice = above.find((one) => isSameKind(one, line) && (covers(one, line) || covers(line, one)));
  if (twice && line.lifeCycle !== "retired")
    wrong.push(["", phrase("capacity-twice", { at: above.indexOf(twice) + 1 })]);
  return wrong;
}

function isSameKind(one: StatedCapacity, other: StatedCapacity): boolean {
  const kind = ({ precision, sparsity, basis, lifeCycle }: StatedCapacity) =>
    [precision, sparsity, basis, lifeCycle].join(" ");
  return kind(one) === kind(other);
}

/** Whether what the one speaks of is the whole of which the other is a part, or the same. */
function covers(one: StatedCapacity, other: StatedCapacity): boolean {
  const within = (whole: string | null, part: string | null) => whole === null || whole === part;
  const device = (line: StatedCapacity) => line.device && `${line.device.vendor} ${line.device.model}`;
  return (
    within(one.site, other.site) &&
    within(one.phase, other.phase) &&
    within(one.pool, other.pool) &&
    within(device(one), device(other))
  );
}

/** A pool goes through the life-cycle as its lines do: what the network uses is not planned again by a line of a further part. */
function wrongPools(
  lines: readonly StatedCapacity[],
  { before, reported }: Omit<Stated, "nowMs">,
): readonly StatementIssue[] {
  const names = new Set([...before, ...lines].flatMap(({ pool }) => (pool === null ? [] : [pool])));
  return [...names].flatMap((pool): readonly StatementIssue[] => {
    if (!reported.includes(pool)) return [];
    const from = statedStage(before, pool) ?? "in-service";
    const to = statedStage(lines, pool) ?? "in-service";
    if (from === to || move(from, to).kind === "moved") return [];
    const at = Math.max(
      0,
      lines.findIndex((line) => line.pool === pool),
    );
    return [{ at, field: "pool", words: poolStepPhrase(pool, from, to) }];
  });
}

function poolStepPhrase(pool: string, from: LifeCycle, to: LifeCycle): Phrase {
  if (from === "retired") return phrase("capacity-pool-retired", { pool });
  const kind = from === "in-service" ? "capacity-pool-serves" : "capacity-pool-step";
  return phrase(kind, { pool, from: stagePhrase(from), to: stagePhrase(to) });
}
