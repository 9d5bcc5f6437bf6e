import {
  element,
  type Frame,
  line,
  linear,
  logarithmic,
  logTicks,
  type Point,
  picture,
  polygon,
  polyline,
  type Range,
  roundTicks,
  text,
  textWidth,
} from "./draw.ts";
import { duration, figures, type Language, plain, type Say } from "./words.ts";

/** What every chart is told beside its data. Drawn twice, at 680 and at 346 px, so that its words stay readable. */
export type Sheet = Omit<Frame, "height"> & { readonly say: Say; readonly language: Language };

export type BarRow = { readonly name: string; readonly values: readonly number[] };

/** Spans of time as horizontal bars, a group a row; `kinds` are the classes of the bars of a group. */
export function bars(sheet: Sheet, rows: readonly BarRow[], kinds: readonly string[]): string {
  const { width, say, language } = sheet;
  const names = rows.map(({ name }) => cut(name, width > 500 ? 180 : 92));
  const left = Math.max(40, ...names.map(textWidth)) + 10;
  const right = width - 66;
  const [barHeight, gap, top] = [13, 14, 8];
  const group = kinds.length * (barHeight + 2) + gap;
  const bottom = top + rows.length * group;
  const most = Math.max(...rows.flatMap(({ values }) => values), 0);
  const { unitS, unit } = unitOf(most);
  const ticks = roundTicks(most / unitS, width > 500 ? 6 : 3);
  const x = linear([0, (ticks.at(-1) ?? 1) * unitS], [left, right]);
  const grid = ticks.flatMap((tick) => [
    line({ x: x(tick * unitS), y: top }, { x: x(tick * unitS), y: bottom }, "grid"),
    text({ x: x(tick * unitS), y: bottom + 16 }, plain(tick), { class: "tick middle" }),
  ]);
  const drawn = rows.flatMap(({ values }, place) => {
    const y = top + place * group + gap / 2;
    const label = text({ x: left - 8, y: y + (group - gap) / 2 + 4 }, names[place] ?? "", { class: "label end" });
    const its = values.flatMap((value, i) => {
      const barY = y + i * (barHeight + 2);
      const length = Math.max(1, x(value) - left);
      return [
        element("rect", { x: left, y: barY, width: length, height: barHeight, rx: 2, class: kinds[i] ?? "" }),
        text({ x: left + length + 5, y: barY + barHeight - 2 }, duration(value, language), { class: "value" }),
      ];
    });
    return [label, ...its];
  });
  const axis = text({ x: (left + right) / 2, y: bottom + 34 }, say("meanWaitAxis", { unit: say(unit) }), {
    class: "axis middle",
  });
  return picture({ ...sheet, height: bottom + 42 }, [...grid, ...drawn, axis]);
}

function unitOf(seconds: number) {
  if (seconds >= 4 * 86_400) return { unitS: 86_400, unit: "days" } as const;
  if (seconds >= 7200) return { unitS: 3600, unit: "hours" } as const;
  return seconds >= 300 ? ({ unitS: 60, unit: "minutes" } as const) : ({ unitS: 1, unit: "seconds" } as const);
}

export type Panel = {
  readonly name: string;
  readonly values: Float64Array;
  /** Of the values; a panel of shares ends at 1. */
  readonly most: number | null;
  readonly format: (value: number) => string;
  readonly kind: string;
  readonly height: number;
  readonly ticks: number;
};

/** Values over time, one panel below the other on one axis of days. */
export function timePanels(sheet: Sheet, panels: readonly Panel[], spanS: number): string {
  const { width, say } = sheet;
  const [left, right] = [46, width - 12];
  const spans = panels[0]?.values.length ?? 1;
  const days = (spans * spanS) / 86_400;
  const x = linear([0, days], [left, right]);
  let top = 6;
  const drawn: string[] = [];
  for (const { name, values, most, format, kind, height, ticks } of panels) {
    const nameHeight = 18;
    const [from, to] = [top + nameHeight, top + nameHeight + height];
    const marks =
      most === null
        ? roundTicks(
            values.reduce((a, b) => Math.max(a, b), 0),
            ticks,
          )
        : [0, most / 2, most];
    const y = linear([0, most ?? marks.at(-1) ?? 1], [to, from]);
    drawn.push(text({ x: left, y: top + 12 }, name, { class: "label" }));
    for (const mark of marks) {
      drawn.push(line({ x: left, y: y(mark) }, { x: right, y: y(mark) }, "grid"));
      drawn.push(text({ x: left - 6, y: y(mark) + 4 }, format(mark), { class: "tick end" }));
    }
    const steps = [...values].flatMap((value, i): Point[] => {
      const edges = [x((i * spanS) / 86_400), x(((i + 1) * spanS) / 86_400)];
      return edges.map((at) => ({ x: at, y: y(value) }));
    });
    drawn.push(polygon([{ x: left, y: to }, ...steps, { x: right, y: to }], `area ${kind}`));
    drawn.push(polyline(steps, `line ${kind}`));
    top = to + 12;
  }
  const dayTicks = roundTicks(days, width > 500 ? 8 : 4).filter((tick) => tick <= days);
  const marks = dayTicks.map((tick) => text({ x: x(tick), y: top + 4 }, plain(tick), { class: "tick middle" }));
  const axis = text({ x: (left + right) / 2, y: top + 22 }, say("dayAxis"), { class: "axis middle" });
  return picture({ ...sheet, height: top + 30 }, [...drawn, ...marks, axis]);
}

export type Curve = { readonly kind: string; readonly shares: readonly number[] };

/** Shares of jobs up to a bound, on a logarithmic axis. */
export function curves(sheet: Sheet, bounds: readonly number[], all: readonly Curve[]): string {
  const { width, say } = sheet;
  const [left, right, top, bottom] = [46, width - 24, 10, width > 500 ? 270 : 220];
  const x = logarithmic([1, bounds.at(-1) ?? 10], [left, right]);
  const y = linear([0, 1], [bottom, top]);
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    line({ x: left, y: y(share) }, { x: right, y: y(share) }, "grid"),
    text({ x: left - 6, y: y(share) + 4 }, `${share * 100}`, { class: "tick end" }),
  ]);
  const ticks = logTicks([1, bounds.at(-1) ?? 10]).flatMap((tick) => [
    line({ x: x(tick), y: top }, { x: x(tick), y: bottom }, "grid"),
    text({ x: x(tick), y: bottom + 16 }, plain(tick), { class: "tick middle" }),
  ]);
  const drawn = all.map(({ kind, shares }) =>
    polyline(
      bounds.map((bound, i) => ({ x: x(bound), y: y(shares[i] ?? 0) })),
      `line ${kind}`,
    ),
  );
  const names = [
    text({ x: (left + right) / 2, y: bottom + 34 }, say("slowdownAxis"), { class: "axis middle" }),
    text({ x: 12, y: (top + bottom) / 2 }, say("shareAxis"), {
      class: "axis middle",
      transform: `rotate(-90 12 ${(top + bottom) / 2})`,
    }),
  ];
  return picture({ ...sheet, height: bottom + 42 }, [...grid, ...ticks, ...drawn, ...names]);
}

/** How much of the way from home only to merged EASY is covered: 1 is all of it. */
export function gap(sheet: Sheet, closed: number): string {
  const { width, say } = sheet;
  const [left, right, y] = [width > 500 ? 60 : 30, width - (width > 500 ? 90 : 34), 62];
  const range: Range = [Math.min(0, closed), Math.max(1, closed)];
  const x = linear(range, [left, right]);
  const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    line({ x: x(share), y: y - 18 }, { x: x(share), y: y + 18 }, "grid"),
    text({ x: x(share), y: y + 34 }, `${share * 100}`, { class: "tick middle" }),
  ]);
  const end = (share: number, words: string, kind: string, side: string) => [
    element("rect", { x: x(share) - 3, y: y - 14, width: 6, height: 28, rx: 2, class: kind }),
    text({ x: x(share), y: y - 24 }, words, { class: `label ${side}` }),
  ];
  const from = Math.min(x(0), x(closed));
  const bar = element("rect", {
    x: from,
    y: y - 7,
    width: Math.max(1, Math.abs(x(closed) - x(0))),
    height: 14,
    class: "chosen",
  });
  const mark = element("circle", { cx: x(closed), cy: y, r: 9, class: "chosen ring" });
  const said = text({ x: Math.min(Math.max(x(closed), 24), width - 24), y: y + 56 }, `${Math.round(closed * 100)} %`, {
    class: "big middle",
  });
  const axis = text({ x: (left + right) / 2, y: y + 78 }, say("gapAxis"), { class: "axis middle" });
  return picture({ ...sheet, height: y + 88 }, [
    ...ticks,
    bar,
    ...end(0, say("homeOnly"), "homeonly", x(0) < width / 3 ? "start" : "middle"),
    ...end(1, say("mergedShort"), "merged", x(1) > (2 * width) / 3 ? "end" : "middle"),
    mark,
    said,
    axis,
  ]);
}

export type Dot = {
  readonly name: string;
  readonly kind: "chosen" | "merged" | "homeonly" | "random" | "other";
  /** Mean, 95th percentile and longest wait, seconds; fairness, 0 to 1, null where it has none. */
  readonly measures: readonly [mean: number, p95: number, max: number, fairness: number | null];
};

/** Mean against longest wait, with the line of those no other beats in both. */
export function scatter(sheet: Sheet, dots: readonly Dot[]): string {
  const { width, say, language } = sheet;
  const [left, right, top, bottom] = [62, width - 16, 12, width > 500 ? 380 : 320];
  const [xs, ys] = [dots.map((dot) => dot.measures[0]), dots.map((dot) => dot.measures[2])];
  const [xRange, yRange] = [logRange(xs), logRange(ys)];
  const x = logarithmic(xRange, [left + 14, right - 14]);
  const y = logarithmic(yRange, [bottom - 14, top + 14]);
  const grid = [
    ...timeTicks(xRange, width > 500 ? 7 : 4).flatMap((tick) => [
      line({ x: x(tick), y: top }, { x: x(tick), y: bottom }, "grid"),
      text({ x: x(tick), y: bottom + 16 }, duration(tick, language), { class: "tick middle" }),
    ]),
    ...timeTicks(yRange, 7).flatMap((tick) => [
      line({ x: left, y: y(tick) }, { x: right, y: y(tick) }, "grid"),
      text({ x: left - 6, y: y(tick) + 4 }, duration(tick, language), { class: "tick end" }),
    ]),
  ];
  const at = dots.map(({ measures }) => ({ x: x(measures[0]), y: y(measures[2]) }));
  const best = at.filter(
    (one) =>
      !at.some(
        (other) => other !== one && other.x <= one.x && other.y >= one.y && (other.x < one.x || other.y > one.y),
      ),
  );
  const front = polyline(
    best.toSorted((a, b) => a.x - b.x),
    "front",
  );
  const names = placeNames(dots, at, { left, right, top, bottom });
  const drawn = dots.map((dot, i) => shape(dot.kind, at[i] ?? { x: 0, y: 0 }));
  const axes = [
    text({ x: (left + right) / 2, y: bottom + 34 }, say("meanAxis"), { class: "axis middle" }),
    text({ x: 12, y: (top + bottom) / 2 }, say("maxAxis"), {
      class: "axis middle",
      transform: `rotate(-90 12 ${(top + bottom) / 2})`,
    }),
  ];
  return picture({ ...sheet, height: bottom + 42 }, [...grid, front, ...drawn, ...names, ...axes]);
}

/** Each kind has a form of its own, for those who do not tell the colours apart and for print. */
function shape(kind: Dot["kind"], { x, y }: Point): string {
  if (kind === "chosen") return element("circle", { cx: x, cy: y, r: 7, class: "chosen ring" });
  if (kind === "merged") return element("rect", { x: x - 5, y: y - 5, width: 10, height: 10, class: "merged ring" });
  if (kind === "homeonly")
    return polygon(
      [
        { x, y: y - 7 },
        { x: x + 7, y: y + 6 },
        { x: x - 7, y: y + 6 },
      ],
      "homeonly ring",
    );
  if (kind === "random")
    return polygon(
      [
        { x, y: y - 7 },
        { x: x + 7, y },
        { x, y: y + 7 },
        { x: x - 7, y },
      ],
      "random ring",
    );
  return element("circle", { cx: x, cy: y, r: 4.5, class: "other ring" });
}

/** A name goes right of its dot, else left, below or above, where nothing is in the way; else it is left to the table. */
function placeNames(
  dots: readonly Dot[],
  at: readonly Point[],
  inside: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number },
): readonly string[] {
  const taken = at.map(({ x, y }) => ({ x: x - 8, y: y - 8, width: 16, height: 16 }));
  const order = dots.map((_, i) => i).toSorted((a, b) => rank(dots[a]) - rank(dots[b]));
  return order.flatMap((i) => {
    const [dot, point] = [dots[i], at[i]];
    if (!dot || !point) return [];
    const width = textWidth(dot.name);
    const places = [
      { x: point.x + 11, y: point.y - 7 },
      { x: point.x - 11 - width, y: point.y - 7 },
      { x: point.x - width / 2, y: point.y + 9 },
      { x: point.x - width / 2, y: point.y - 23 },
      { x: point.x + 9, y: point.y + 5 },
      { x: point.x + 9, y: point.y - 19 },
      { x: point.x - 9 - width, y: point.y + 5 },
      { x: point.x - 9 - width, y: point.y - 19 },
    ].map((place) => ({ ...place, width, height: 14 }));
    const free = places.find(
      (one) =>
        one.x > inside.left &&
        one.x + one.width < inside.right &&
        one.y > inside.top &&
        one.y + one.height < inside.bottom &&
        !taken.some(
          (other) =>
            one.x < other.x + other.width &&
            other.x < one.x + one.width &&
            one.y < other.y + other.height &&
            other.y < one.y + one.height,
        ),
    );
    if (!free) return [];
    taken.push(free);
    return [text({ x: free.x, y: free.y + 11 }, dot.name, { class: dot.kind === "other" ? "value" : "label" })];
  });
}

function rank(dot: Dot | undefined): number {
  return dot === undefined || dot.kind === "other" ? 1 : 0;
}

/** A row a policy and a column a measure, each on a scale of its own. */
export function dotRows(sheet: Sheet, dots: readonly Dot[], heads: readonly string[]): string {
  const { width, language } = sheet;
  const names = dots.map(({ name }) => cut(name, width > 500 ? 190 : 112));
  const left = Math.max(...names.map(textWidth)) + 12;
  const [top, rowHeight, between] = [width > 500 ? 26 : 34, 19, width > 500 ? 26 : 12];
  const columnWidth = (width - left - 12 - between * (heads.length - 1)) / heads.length;
  const bottom = top + dots.length * rowHeight;
  const ranges = heads.map((_, column) => {
    const values = dots.flatMap(({ measures }) => measures[column] ?? []);
    return column < 3 ? logRange(values) : ([0, 1] as const);
  });
  const wordsOf = (column: number) => (value: number) => (column < 3 ? duration(value, language) : figures(value));
  // Both ends of a scale stand side by side where every column has room for them.
  const drop = ranges.every((ends, i) => textWidth(ends.map(wordsOf(i)).join(" ")) <= columnWidth) ? 0 : 13;
  const columns = heads.flatMap((head, column) => {
    const from = left + column * (columnWidth + between);
    const values = dots.map(({ measures }) => measures[column] ?? null);
    const range = ranges[column] ?? ([0, 1] as const);
    const scale = (column < 3 ? logarithmic : linear)(range, [from + 5, from + columnWidth - 5]);
    const words = wordsOf(column);
    return [
      ...headLines(head, columnWidth + between).map((part, i) =>
        text({ x: from + columnWidth / 2, y: 12 + i * 13 }, part, { class: "label middle" }),
      ),
      ...dots.flatMap((dot, row) => {
        const y = top + row * rowHeight + rowHeight / 2;
        return [
          line({ x: from, y }, { x: from + columnWidth, y }, "grid"),
          ...pointOf(values[row] ?? null).map((value) => shape(dot.kind, { x: scale(value), y })),
        ];
      }),
      text({ x: from, y: bottom + 14 }, words(range[0]), { class: "tick start" }),
      text({ x: from + columnWidth, y: bottom + 14 + drop }, words(range[1]), { class: "tick end" }),
    ];
  });
  const labels = dots.map((dot, row) =>
    text({ x: left - 8, y: top + row * rowHeight + rowHeight / 2 + 4 }, names[row] ?? "", {
      class: `${dot.kind === "other" ? "value" : "label"} end`,
    }),
  );
  return picture({ ...sheet, height: bottom + 23 + drop }, [...columns, ...labels]);
}

function pointOf(value: number | null): readonly number[] {
  return value === null ? [] : [value];
}

function headLines(head: string, width: number): readonly string[] {
  if (textWidth(head) <= width) return [head];
  const space = head.indexOf(" ", head.length / 3);
  return space === -1 ? [head] : [head.slice(0, space), head.slice(space + 1)];
}

/** A little beyond the values, never at 0. */
function logRange(values: readonly number[]): Range {
  const above = values.filter((value) => value > 0);
  if (above.length === 0) return [1, 10];
  const [least, most] = [Math.min(...above), Math.max(...above)];
  return [Math.max(least / 1.15, 0.5), Math.max(most * 1.15, least * 1.5, 1)];
}

const roundTimesS = [
  ...[1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800].map((seconds) => seconds),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3600),
  ...[1, 2, 4, 7, 14, 30, 60, 120, 365, 730, 1825, 3650].map((days) => days * 86_400),
];

function timeTicks([least, most]: Range, count: number): readonly number[] {
  const inside = roundTimesS.filter((tick) => tick >= least && tick <= most);
  const every = Math.ceil(inside.length / count);
  return inside.filter((_, i) => i % every === 0);
}

function cut(name: string, width: number): string {
  if (textWidth(name) <= width) return name;
  let shortened = name;
  while (textWidth(`${shortened}…`) > width && shortened.length > 1) shortened = shortened.slice(0, -1);
  return `${shortened}…`;
}
