/** A number on paper. */
export type Scale = (value: number) => number;

export function linear([fromMin, fromMax]: Range, [toMin, toMax]: Range): Scale {
  const factor = fromMax === fromMin ? 0 : (toMax - toMin) / (fromMax - fromMin);
  return (value) => toMin + (value - fromMin) * factor;
}

/** Both ends above 0; what is smaller than the least is drawn there. */
export function logarithmic([fromMin, fromMax]: Range, to: Range): Scale {
  const inner = linear([Math.log(fromMin), Math.log(fromMax)], to);
  return (value) => inner(Math.log(Math.max(value, fromMin)));
}

export type Range = readonly [least: number, most: number];

/** About `count` round values from 0 to at least `most`, by 1, 2 or 5 times a power of ten. */
export function roundTicks(most: number, count: number): readonly number[] {
  if (!(most > 0)) return [0, 1];
  const raw = most / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= raw * 0.999) ?? raw;
  const ticks: number[] = [];
  for (let i = 0; i * step < most + step * 0.999; i += 1) ticks.push(i * step);
  return ticks;
}

/** The powers of ten around both ends, with 2 and 5 times them where they are few. */
export function logTicks([least, most]: Range): readonly number[] {
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const factors = last - first <= 1 ? [1, 2, 5] : last - first <= 2 ? [1, 3] : [1];
  const ticks: number[] = [];
  for (let power = first; power <= last; power += 1) for (const factor of factors) ticks.push(factor * 10 ** power);
  const from = ticks.findLastIndex((tick) => tick <= least * 1.0001);
  const to = ticks.findIndex((tick) => tick >= most * 0.9999);
  return ticks.slice(Math.max(0, from), to === -1 ? ticks.length : to + 1);
}

/** An element; attributes that are null are left out, text is escaped. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | null>>,
  children: readonly string[] | string = "",
): string {
  const written = Object.entries(attributes).map(([key, value]) =>
    value === null ? "" : ` ${key}="${typeof value === "number" ? short(value) : escaped(value)}"`,
  );
  const inner = typeof children === "string" ? children : children.join("");
  return inner === "" ? `<${name}${written.join("")}/>` : `<${name}${written.join("")}>${inner}</${name}>`;
}

export function text(
  at: Point,
  words: string,
  attributes: Readonly<Record<string, string | number | null>> = {},
): string {
  return element("text", { x: at.x, y: at.y, ...attributes }, escaped(words));
}

export function line(from: Point, to: Point, kind: string): string {
  return element("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y, class: kind });
}

export function polyline(points: readonly Point[], kind: string): string {
  return element("polyline", { points: points.map(({ x, y }) => `${short(x)},${short(y)}`).join(" "), class: kind });
}

export function polygon(points: readonly Point[], kind: string): string {
  return element("polygon", { points: points.map(({ x, y }) => `${short(x)},${short(y)}`).join(" "), class: kind });
}

export type Point = { readonly x: number; readonly y: number };

/** A picture with its title and description, for those who see it and those who hear it. */
export function picture({ id, title, description, width, height }: Frame, children: readonly string[]): string {
  return element(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-labelledby": `${id}-title ${id}-desc`,
      class: width > 500 ? "wide" : "narrow",
    },
    [
      element("title", { id: `${id}-title` }, escaped(title)),
      element("desc", { id: `${id}-desc` }, escaped(description)),
      ...children,
    ],
  );
}

export type Frame = {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly width: number;
  readonly height: number;
};

/** About the width of bold text of 12 px, in px: Chinese characters are square, capitals wider than the rest. */
export function textWidth(words: string): number {
  let width = 0;
  for (const character of words)
    width += (character.codePointAt(0) ?? 0) > 0x2e80 ? 12.2 : /[A-Z%mw<>&+=~@#…_]/.test(character) ? 10 : 7.2;
  return width;
}

export function escaped(words: string): string {
  return words.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function short(value: number): string {
  return `${Math.round(value * 10) / 10}`;
}
