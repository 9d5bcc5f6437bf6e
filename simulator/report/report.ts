import type { Schedule, Workload } from "#core/scheduling/replay/workload.ts";
import type { Metrics } from "#simulator/metrics.ts";
import {
  type BarRow,
  bars,
  curves,
  type Dot,
  dotRows,
  gap,
  type Panel,
  type Sheet,
  scatter,
  timePanels,
} from "./charts.ts";
import { escaped } from "./draw.ts";
import { lateness, slowdownShares, usageOverTime, type WaitClass, waitByHome, waitBySize } from "./series.ts";
import { style } from "./style.ts";
import { duration, figures, index, type Language, percent, plain, routingText, type Say, sayIn } from "./words.ts";

/** One policy under one routing over the workload of the report. */
export type Outcome = {
  readonly policy: string;
  readonly routing: string;
  readonly metrics: Metrics;
  /** `fairnessOfPeople` of its schedule: 0 to 1. */
  readonly fairness: number | null;
};

export type Run = Outcome & { readonly schedule: Schedule };

export type ReportInput = {
  readonly language: Language;
  /** What does it again, as one would type it. */
  readonly command: string;
  readonly estimates: "requested" | "actual";
  /** Whether any of the jobs was made by a model. */
  readonly isSynthetic: boolean;
  /** Something lies between the network and its centres, in all but the two yardsticks. */
  readonly isOverNetwork: boolean;
  readonly workload: Workload;
  readonly chosen: Run;
  /** Every centre with the jobs of its own users alone, under EASY; null where there is one centre. */
  readonly homeOnly: Run | null;
  /** All processors as one machine, under EASY. */
  readonly merged: Run;
  /** All that were tried, the three above among them or not. */
  readonly frontier: readonly Outcome[];
  /** The chosen one with its fairness and without; null where it has none. */
  readonly fairness: { readonly on: Outcome; readonly off: Outcome } | null;
};

/** The report as one HTML file that needs nothing else. The same input gives the same bytes. */
export function renderReport(input: ReportInput): string {
  const { language, workload, chosen } = input;
  const say = sayIn(language);
  const homes = workload.homes.map(({ name }) => name).join(" + ");
  const title = say("title", { policy: chosen.policy, homes });
  const days = figures(Math.max(1, Math.round(chosen.metrics.makespanS / 86_400)));
  const subtitle = say(workload.homes.length === 1 ? "subtitleOfOne" : "subtitle", {
    jobs: figures(workload.count),
    processors: figures(chosen.metrics.processors),
    days,
    routing: routingText(chosen.routing, language),
    estimates: say(input.estimates),
  });
  const parts = [
    bySize(input, say),
    byHome(input, say),
    gapSection(input, say),
    usage(input, say),
    slowdown(input, say),
    frontier(input, say),
    cost(input, say),
  ];
  return `<!doctype html>
<html lang="${language === "zh" ? "zh-CN" : "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="weir simulate">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p>${escaped(subtitle)}</p>
${input.isSynthetic ? `<p class="note">${escaped(say("synthetic"))}</p>` : ""}
${input.isOverNetwork ? `<p class="note">${escaped(say("overNetwork"))}</p>` : ""}
${tiles(input, say)}
${parts.join("\n")}
<footer><p>${escaped(say("made"))}</p><p>${escaped(say("again"))} <code>${escaped(input.command)}</code></p></footer>
</main>
</body>
</html>
`;
}

function tiles({ language, chosen, merged }: ReportInput, say: Say): string {
  const { metrics, fairness } = chosen;
  const beside = (mine: number, theirs: number) =>
    chosen.schedule === merged.schedule || theirs === 0 ? "" : say("against", { share: percent(mine / theirs) });
  const times = [
    [say("meanWait"), metrics.meanWaitS, merged.metrics.meanWaitS],
    [say("medianWait"), metrics.medianWaitS, merged.metrics.medianWaitS],
    [say("p95Wait"), metrics.p95WaitS, merged.metrics.p95WaitS],
    [say("maxWait"), metrics.maxWaitS, merged.metrics.maxWaitS],
  ] as const;
  const all = [
    ...times.map(([name, mine, theirs]) => [name, duration(mine, language), beside(mine, theirs)]),
    [
      say("slowdown"),
      figures(metrics.averageBoundedSlowdown),
      beside(metrics.averageBoundedSlowdown, merged.metrics.averageBoundedSlowdown),
    ],
    [say("utilisation"), percent(metrics.utilisation), ""],
    [say("fairness"), index(fairness), ""],
  ];
  const items = all.map(([name = "", value = "", beside = ""]) => {
    const below = beside === "" ? "" : `<span>${escaped(beside)}</span>`;
    return `<li><span>${escaped(name)}</span><b>${escaped(value)}</b>${below}</li>`;
  });
  return `<ul class="tiles">${items.join("")}</ul>`;
}

function bySize({ language, workload, chosen, merged }: ReportInput, say: Say): string {
  const mine = waitBySize(workload, chosen.schedule);
  const theirs = waitBySize(workload, merged.schedule);
  const rows: readonly BarRow[] = mine.map(({ name, meanS }, i) => ({ name, values: [meanS, theirs[i]?.meanS ?? 0] }));
  const longest = mine.reduce((a, b) => (b.meanS > a.meanS ? b : a));
  return section({
    id: "size",
    title: say("sizeTitle"),
    says: say("sizeSays", { class: longest.name, wait: duration(longest.meanS, language) }),
    say,
    language,
    legend: [
      { kind: "chosen", name: say("chosen") },
      { kind: "merged", name: say("merged") },
    ],
    draw: [(sheet) => bars(sheet, rows, ["chosen", "merged"])],
    table: waitTable(mine, say("size"), say, language),
  });
}

function byHome({ language, workload, chosen, homeOnly, merged }: ReportInput, say: Say): string {
  if (homeOnly === null) return "";
  const runs = [chosen, homeOnly, merged];
  const classes = runs.map(({ schedule }) => waitByHome(workload, schedule));
  const rows: readonly BarRow[] = [
    ...(classes[0] ?? []).map(({ name }, i) => ({ name, values: classes.map((one) => one[i]?.meanS ?? 0) })),
    { name: say("all"), values: runs.map(({ metrics }) => metrics.meanWaitS) },
  ];
  const heads = [
    say("home"),
    say("jobs"),
    say("chosen"),
    say("homeOnly"),
    say("mergedShort"),
    say("max"),
    say("laterShare"),
    say("laterBy"),
  ];
  const own = classes[0] ?? [];
  const late = lateness(workload, chosen.schedule, homeOnly.schedule);
  return section({
    id: "home",
    title: say("homeTitle"),
    says: say("homeSays"),
    say,
    language,
    legend: yardsticks(say, true),
    draw: [(sheet) => bars(sheet, rows, ["chosen", "homeonly", "merged"])],
    table: {
      heads,
      rows: rows.map(({ name, values }, i) => [
        name,
        figures(own[i]?.jobs ?? workload.count),
        ...values.map((value) => duration(value, language)),
        duration(own[i]?.maxS ?? chosen.metrics.maxWaitS, language),
        percent(late[i]?.share ?? 0),
        duration(late[i]?.p99S ?? 0, language),
      ]),
      mine: null,
    },
  });
}

/** Null where the two yardsticks leave no gap. */
export function gapClosed({ chosen, homeOnly, merged }: ReportInput): number | null {
  if (homeOnly === null) return null;
  const whole = homeOnly.metrics.meanWaitS - merged.metrics.meanWaitS;
  return whole === 0 ? null : (homeOnly.metrics.meanWaitS - chosen.metrics.meanWaitS) / whole;
}

function gapSection(input: ReportInput, say: Say): string {
  const { language, chosen, homeOnly, merged } = input;
  const closed = gapClosed(input);
  if (closed === null || homeOnly === null) return "";
  const runs = [
    [say("homeOnly"), homeOnly],
    [say("merged"), merged],
    [say("chosen"), chosen],
  ] as const;
  const [whole, from] = [homeOnly.metrics.meanWaitS - merged.metrics.meanWaitS, homeOnly.metrics.meanWaitS];
  return section({
    id: "gap",
    title: say("gapTitle"),
    says: say("gapSays", { share: percent(closed) }),
    say,
    language,
    legend: [],
    draw: [(sheet) => gap(sheet, closed)],
    table: {
      heads: ["", say("meanWait"), say("p95Short"), say("slowdownShort"), say("gapClosed")],
      rows: runs.map(([name, { metrics }]) => [
        name,
        duration(metrics.meanWaitS, language),
        duration(metrics.p95WaitS, language),
        figures(metrics.averageBoundedSlowdown),
        percent((from - metrics.meanWaitS) / whole),
      ]),
      mine: 2,
    },
  });
}

function usage({ language, workload, chosen }: ReportInput, say: Say): string {
  const spans = 240;
  const isMerged = chosen.routing === "merged";
  const { spanS, used, waiting, byCentre } = usageOverTime(workload, chosen.schedule, isMerged, spans);
  const asPercent = (value: number) => `${Math.round(value * 100)}`;
  const own = byCentre.length <= 6 ? byCentre : [];
  const panels: readonly Panel[] = [
    { name: say("usedAxis"), values: used, most: 1, format: asPercent, kind: "h0", height: 110, ticks: 2 },
    ...own.map((values, place) => {
      const name = workload.homes[place]?.name ?? "";
      return { name, values, most: 1, format: asPercent, kind: `h${(place + 1) % 6}`, height: 46, ticks: 2 };
    }),
    { name: say("waitingAxis"), values: waiting, most: null, format: plain, kind: "wait", height: 90, ticks: 3 },
  ];
  const quarters = 8;
  const mean = (values: Float64Array, quarter: number) => {
    const part = values.slice((quarter * spans) / quarters, ((quarter + 1) * spans) / quarters);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  };
  // Where each line has days of its own.
  const isLong = spanS * spans >= quarters * 86_400;
  const edge = (quarter: number) => {
    const atS = (quarter * spanS * spans) / quarters;
    return figures(isLong ? Math.round(atS / 86_400) : atS / 3600);
  };
  const homes = own.map((_, place) => workload.homes[place]?.name ?? "");
  return section({
    id: "usage",
    title: say("usageTitle"),
    says: say("usageSays", { span: duration(spanS, language) }),
    say,
    language,
    legend: [],
    draw: [(sheet) => timePanels(sheet, panels, spanS)],
    table: {
      heads: [say("period"), say("used"), ...homes, say("waiting")],
      rows: Array.from({ length: quarters }, (_, quarter) => [
        say(isLong ? "quarterInDays" : "quarterInHours", { from: edge(quarter), to: edge(quarter + 1) }),
        percent(mean(used, quarter)),
        ...own.map((values) => percent(mean(values, quarter))),
        `${figures(mean(waiting, quarter))} ×`,
      ]),
      mine: null,
    },
  });
}

function slowdown({ language, workload, chosen, homeOnly, merged }: ReportInput, say: Say): string {
  const steps = 96;
  const most = 10_000;
  const bounds = Array.from({ length: steps + 1 }, (_, i) => most ** (i / steps));
  const runs = [
    ...(homeOnly === null ? [] : [{ kind: "homeonly", name: say("homeOnly"), run: homeOnly }]),
    { kind: "merged", name: say("mergedShort"), run: merged },
    { kind: "chosen", name: say("chosen"), run: chosen },
  ];
  const all = runs.map(({ kind, run }) => ({ kind, shares: slowdownShares(workload, run.schedule, bounds) }));
  const said = [1, 2, 5, 10, 100, 1000];
  const shares = runs.map(({ run }) => slowdownShares(workload, run.schedule, said));
  return section({
    id: "slowdown",
    title: say("slowdownTitle"),
    says: say("slowdownSays"),
    say,
    language,
    legend: yardsticks(say, homeOnly !== null),
    draw: [(sheet) => curves(sheet, bounds, all)],
    table: {
      heads: [say("atMost"), ...runs.map(({ name }) => name)],
      rows: said.map((bound, i) => [figures(bound), ...shares.map((its) => percent(its[i] ?? 0))]),
      mine: null,
    },
  });
}

function frontier(input: ReportInput, say: Say): string {
  const { language, chosen, homeOnly, merged } = input;
  // Of one machine the routing says nothing.
  const isOne = input.workload.homes.length === 1;
  const is = (one: Outcome, other: Outcome | null) =>
    other !== null && one.policy === other.policy && (isOne || one.routing === other.routing);
  const missing = [chosen, homeOnly, merged].filter(
    (run) => run !== null && !input.frontier.some((one) => is(one, run)),
  );
  const outcomes = [...input.frontier, ...missing.filter((run) => run !== null)].toSorted(
    (a, b) => a.metrics.meanWaitS - b.metrics.meanWaitS,
  );
  const kindOf = (one: Outcome): Dot["kind"] => {
    if (is(one, chosen)) return "chosen";
    if (is(one, merged)) return "merged";
    if (is(one, homeOnly)) return "homeonly";
    return !isOne && one.routing === "random" ? "random" : "other";
  };
  const dots: readonly Dot[] = outcomes.map((one) => ({
    name: isOne || one.policy === one.routing ? one.policy : `${one.policy}, ${one.routing}`,
    kind: kindOf(one),
    measures: [one.metrics.meanWaitS, one.metrics.p95WaitS, one.metrics.maxWaitS, one.fairness],
  }));
  const heads = [say("mean"), say("p95Short"), say("max"), say("fairnessShort")];
  // In the forms in which charts.ts draws them.
  const marks = [
    { kind: "chosen", form: "round", name: say("chosen") },
    { kind: "homeonly", form: "triangle", name: say("homeOnly") },
    { kind: "random", form: "diamond", name: say("random") },
    { kind: "merged", form: "square", name: say("merged") },
    { kind: "other", form: "round small", name: say("others") },
  ];
  return section({
    id: "frontier",
    title: say("frontierTitle"),
    says: [say("frontierSays"), say("measuresSays"), say("fairnessSays")].join(language === "zh" ? "" : " "),
    say,
    language,
    legend: marks
      .filter(({ kind }) => dots.some((dot) => dot.kind === kind))
      .map(({ kind, form, name }) => ({ kind: `${kind} ${form}`, name })),
    draw: [(sheet) => scatter(sheet, dots), (sheet) => dotRows({ ...sheet, title: say("measuresTitle") }, dots, heads)],
    table: {
      heads: [say("policy"), say("routing"), ...heads, say("slowdownShort")],
      rows: outcomes.map(({ policy, routing, metrics, fairness }) => [
        policy,
        routing,
        duration(metrics.meanWaitS, language),
        duration(metrics.p95WaitS, language),
        duration(metrics.maxWaitS, language),
        index(fairness),
        figures(metrics.averageBoundedSlowdown),
      ]),
      mine: outcomes.findIndex((one) => is(one, chosen)),
    },
  });
}

function cost({ language, fairness }: ReportInput, say: Say): string {
  if (fairness === null) return "";
  const { on, off } = fairness;
  const change = on.metrics.meanWaitS / off.metrics.meanWaitS - 1;
  const rows: readonly BarRow[] = [
    ...on.metrics.perHome.map(({ name, meanWaitS }, i) => ({
      name,
      values: [meanWaitS, off.metrics.perHome[i]?.meanWaitS ?? 0],
    })),
    { name: say("all"), values: [on.metrics.meanWaitS, off.metrics.meanWaitS] },
  ];
  return section({
    id: "cost",
    title: say("costTitle"),
    says: say("costSays", { change: `${change >= 0 ? "+" : "−"}${percent(Math.abs(change))}` }),
    say,
    language,
    legend: [
      { kind: "chosen", name: say("on") },
      { kind: "other", name: say("off") },
    ],
    draw: [(sheet) => bars(sheet, rows, ["chosen", "other"])],
    table: {
      heads: ["", say("mean"), say("p95Short"), say("max"), say("slowdownShort"), say("fairnessShort")],
      rows: [[say("on"), on] as const, [say("off"), off] as const].map(([name, { metrics, fairness }]) => [
        name,
        duration(metrics.meanWaitS, language),
        duration(metrics.p95WaitS, language),
        duration(metrics.maxWaitS, language),
        figures(metrics.averageBoundedSlowdown),
        index(fairness),
      ]),
      mine: 0,
    },
  });
}

type LegendEntry = { readonly kind: string; readonly name: string };
type Table = {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The row of the run that the report is about. */
  readonly mine: number | null;
};

type Section = {
  readonly id: string;
  readonly title: string;
  readonly says: string;
  readonly say: Say;
  readonly language: Language;
  readonly legend: readonly LegendEntry[];
  readonly draw: readonly ((sheet: Sheet) => string)[];
  readonly table: Table;
};

function section({ id, title, says, say, language, legend, draw, table }: Section): string {
  const pictures = draw.flatMap((one, place) =>
    [680, 346].map((width) => one({ id: `${id}-${place}-${width}`, title, description: says, width, say, language })),
  );
  const keys = legend.map(({ kind, name }) => `<li><i class="${kind}"></i>${escaped(name)}</li>`).join("");
  const shown = legend.length === 0 ? "" : `<ul class="legend">${keys}</ul>`;
  return `<section aria-labelledby="${id}">
<h2 id="${id}">${escaped(title)}</h2>
<p>${escaped(says)}</p>
<div class="pair">
<figure>${shown}${pictures.join("\n")}</figure>
<div class="scroll" tabindex="0" role="region" aria-label="${escaped(say("table", { title }))}">${tableOf(table, say("table", { title }))}</div>
</div>
</section>`;
}

function yardsticks(say: Say, hasHomes: boolean): readonly LegendEntry[] {
  const home = hasHomes ? [{ kind: "homeonly", name: say("homeOnly") }] : [];
  return [{ kind: "chosen", name: say("chosen") }, ...home, { kind: "merged", name: say("merged") }];
}

function tableOf({ heads, rows, mine }: Table, caption: string): string {
  const head = heads.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
  const body = rows.map((cells, place) => {
    const [first = "", ...rest] = cells;
    const written = rest.map((cell) => `<td>${escaped(cell)}</td>`).join("");
    return `<tr${place === mine ? ' class="mine"' : ""}><th scope="row">${escaped(first)}</th>${written}</tr>`;
  });
  return `<table><caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}

function waitTable(classes: readonly WaitClass[], name: string, say: Say, language: Language): Table {
  return {
    heads: [name, say("jobs"), say("mean"), say("median"), say("p95Short"), say("max")],
    rows: classes.map(({ name, jobs, meanS, medianS, p95S, maxS }) => [
      name,
      figures(jobs),
      ...[meanS, medianS, p95S, maxS].map((seconds) => duration(seconds, language)),
    ]),
    mine: null,
  };
}
