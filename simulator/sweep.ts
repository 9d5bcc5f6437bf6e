import { routings } from "#core/scheduling/kernel/routings.ts";

/** One replay of a sweep, as options of `weir simulate` without their dashes. */
export type SweepPoint = Readonly<Partial<Record<SweepAxis, string>>>;

export const sweepAxes = ["policy", "routing", "estimates", "days", "seed"] as const;
export type SweepAxis = (typeof sweepAxes)[number];

export type SweepRefusal =
  | { readonly kind: "no-axis"; readonly text: string }
  | { readonly kind: "empty"; readonly axis: SweepAxis }
  | { readonly kind: "twice"; readonly axis: SweepAxis }
  | { readonly kind: "bad-range"; readonly text: string }
  | { readonly kind: "no-value"; readonly axis: SweepAxis; readonly text: string; readonly values: readonly string[] }
  | { readonly kind: "too-many"; readonly points: number; readonly most: number };

/**
 * `policy=easy,weir`, `routing=home,central`, `seed=1-5,9`: every combination, the last axis changing fastest, in the order
 * of `sweepAxes`. Ranges are for `days` and `seed` alone.
 */
export function sweepPoints(
  texts: readonly string[],
): { readonly kind: "points"; readonly points: readonly SweepPoint[] } | SweepRefusal {
  const byAxis = new Map<SweepAxis, readonly string[]>();
  for (const text of texts) {
    const [, name, list = ""] = /^([a-z]+)=(.*)$/.exec(text) ?? [];
    const axis = sweepAxes.find((one) => one === name);
    if (axis === undefined) return { kind: "no-axis", text };
    if (byAxis.has(axis)) return { kind: "twice", axis };
    const listed = list.split(",");
    if (listed.includes("")) return { kind: "empty", axis };
    if (axis !== "days" && axis !== "seed") {
      const values: readonly string[] | null = axis === "policy" ? null : known[axis];
      const strange = listed.find((value) => values?.includes(value) === false);
      if (values && strange !== undefined) return { kind: "no-value", axis, text: strange, values };
      byAxis.set(axis, listed);
      continue;
    }
    const ranges = listed.map(readRange);
    const wrong = ranges.indexOf(null);
    if (wrong >= 0) return { kind: "bad-range", text: listed[wrong] ?? "" };
    byAxis.set(
      axis,
      ranges.flatMap((range) => range ?? []),
    );
  }
  const points = [...byAxis.values()].reduce((product, list) => product * list.length, 1);
  if (points > mostPoints) return { kind: "too-many", points, most: mostPoints };
  let all: readonly SweepPoint[] = [{}];
  for (const axis of sweepAxes) {
    const list = byAxis.get(axis);
    if (list !== undefined)
      all = all.flatMap((point) => list.map((value): SweepPoint => ({ ...point, [axis]: value })));
  }
  return { kind: "points", points: all };
}

/** What is wrong and what to do about it. */
export function sweepRefusalWords(refusal: SweepRefusal, language: "en" | "zh"): string {
  const [en, zh] = words(refusal);
  return language === "zh" ? zh : en;
}

const mostPoints = 10_000;
/** Policies may be files, which whoever reads them looks at. */
const known = { routing: routings, estimates: ["requested", "actual"] } as const;

/** `3` or `1-5`, from 0; null: neither. */
function readRange(text: string): readonly string[] | null {
  const [, first, last = first] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (!(from <= to) || to - from > mostPoints) return null;
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);
}

function words(refusal: SweepRefusal): readonly [en: string, zh: string] {
  switch (refusal.kind) {
    case "no-axis":
      return [
        `--sweep ${refusal.text} names no axis. Write --sweep AXIS=VALUE,VALUE,… with one of ${sweepAxes.join(", ")}.`,
        `--sweep ${refusal.text} 未指明坐标轴。请写 --sweep 轴=值,值,…，轴为 ${sweepAxes.join("、")} 之一。`,
      ];
    case "empty":
      return [
        `--sweep ${refusal.axis}=… lacks a value. Write --sweep ${refusal.axis}=VALUE,VALUE,… with a value on each side of a comma.`,
        `--sweep ${refusal.axis}=… 缺少取值。请写 --sweep ${refusal.axis}=值,值,…，每个逗号两侧都要有取值。`,
      ];
    case "twice":
      return [
        `--sweep ${refusal.axis}=… was given twice. Put all its values behind one, between commas.`,
        `--sweep ${refusal.axis}=… 给出了两次。请把全部取值写在同一个之后，以逗号分隔。`,
      ];
    case "bad-range":
      return [
        `${refusal.text} is neither a whole number nor a range like 1-5.`,
        `${refusal.text} 既不是整数，也不是 1-5 这样的范围。`,
      ];
    case "no-value":
      return [
        `--sweep ${refusal.axis}=…: ${refusal.text} is none of ${refusal.values.join(", ")}. Write one of these.`,
        `--sweep ${refusal.axis}=…：没有 ${refusal.text} 这个取值。请从 ${refusal.values.join("、")} 中选取。`,
      ];
    default:
      return [
        `A sweep of ${refusal.points} replays; at most ${refusal.most} go at once. Take fewer values.`,
        `共 ${refusal.points} 次回放，一次最多 ${refusal.most} 次。请减少取值。`,
      ];
  }
}
