/**
 * What programs write to terminals, made fit for a page: colours and weights (SGR, ECMA-48 8.3.117) are kept, everything
 * else that moves a cursor or sets a title is taken out, and a line that was rewritten with carriage returns (progress
 * bars) shows its last state.
 */
export type Style = {
  readonly colour: Colour | null;
  readonly ground: Colour | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
};
/** 0–15 of the theme's terminal colours, or an exact one. */
export type Colour =
  | { readonly kind: "palette"; readonly n: number }
  | { readonly kind: "exact"; readonly css: string };
export type Piece = { readonly text: string; readonly style: Style };

export const plain: Style = {
  colour: null,
  ground: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
};

/** ESC and BEL by name: as they are, nobody could read the pattern. */
const [esc, bel] = ["\u001b", "\u0007"];
/** CSI with its parameters and final letter, OSC, the other strings, and two-letter sequences. */
const sequences = new RegExp(
  [
    `${esc}\\[([0-9;:?<=>]*)[ -/]*([@-~])`,
    `${esc}\\][^${bel}${esc}]*(?:${bel}|${esc}\\\\)`,
    `${esc}[PX^_][^${esc}]*${esc}\\\\`,
    `${esc}[ -/]*[0-~]`,
  ].join("|"),
  "g",
);
const controls = /(?!\t)\p{Cc}/gu;

/** The pieces of one line that begins in `style`, and the style in which the next line begins. */
export function piecesOf(line: string, style: Style): { readonly pieces: readonly Piece[]; readonly style: Style } {
  const pieces: Piece[] = [];
  let current = style;
  let at = 0;
  const text = shownPart(line);
  const push = (part: string) => {
    const clean = part.replace(controls, "");
    if (clean !== "") pieces.push({ text: clean, style: current });
  };
  // What was overwritten may still have set a style.
  for (const match of line.slice(0, line.length - text.length).matchAll(sequences)) {
    if (match[2] === "m") current = applySgr(current, match[1] ?? "");
  }
  for (const match of text.matchAll(sequences)) {
    push(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === "m") current = applySgr(current, match[1] ?? "");
  }
  push(text.slice(at));
  return { pieces, style: current };
}

/** The style in which the line after this one begins. */
export function styleAfter(line: string, style: Style): Style {
  if (!line.includes(esc)) return style;
  let current = style;
  for (const match of line.matchAll(sequences)) if (match[2] === "m") current = applySgr(current, match[1] ?? "");
  return current;
}

/** What a reader sees of a line, as plain text: what is searched and copied. */
export function plainText(line: string): string {
  const text = shownPart(line);
  return /\p{Cc}/u.test(text) ? text.replace(sequences, "").replace(controls, "") : text;
}

/** After the last carriage return that something followed. */
function shownPart(line: string): string {
  const end = line.endsWith("\r") ? line.length - 1 : line.length;
  const start = line.lastIndexOf("\r", end - 1);
  return line.slice(start + 1, end);
}

function applySgr(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map((one) => (one === "" ? 0 : Number(one)));
  let next = style;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const { colour, used } = extendedColour(codes.slice(at + 1));
      at += used;
      if (colour) next = code === 38 ? { ...next, colour } : { ...next, ground: colour };
    } else next = applyCode(next, code);
  }
  return next;
}

function applyCode(style: Style, code: number): Style {
  if (code === 0) return plain;
  if (code >= 30 && code <= 37) return { ...style, colour: { kind: "palette", n: code - 30 } };
  if (code >= 90 && code <= 97) return { ...style, colour: { kind: "palette", n: code - 82 } };
  if (code >= 40 && code <= 47) return { ...style, ground: { kind: "palette", n: code - 40 } };
  if (code >= 100 && code <= 107) return { ...style, ground: { kind: "palette", n: code - 92 } };
  switch (code) {
    case 1:
      return { ...style, bold: true };
    case 2:
      return { ...style, dim: true };
    case 3:
      return { ...style, italic: true };
    case 4:
      return { ...style, underline: true };
    case 7:
      return { ...style, inverse: true };
    case 22:
      return { ...style, bold: false, dim: false };
    case 23:
      return { ...style, italic: false };
    case 24:
      return { ...style, underline: false };
    case 27:
      return { ...style, inverse: false };
    case 39:
      return { ...style, colour: null };
    case 49:
      return { ...style, ground: null };
    default:
      return style;
  }
}

/** `5;n` of 256 colours (16–231 a 6×6×6 cube, 232–255 greys) or `2;r;g;b`. */
function extendedColour(codes: readonly number[]): { readonly colour: Colour | null; readonly used: number } {
  if (codes[0] === 5) {
    const n = codes[1] ?? 0;
    if (n < 16) return { colour: { kind: "palette", n }, used: 2 };
    if (n > 255) return { colour: null, used: 2 };
    const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
    const grey = 8 + (n - 232) * 10;
    const [r, g, b] =
      n >= 232
        ? [grey, grey, grey]
        : [level(Math.floor((n - 16) / 36)), level(Math.floor((n - 16) / 6) % 6), level((n - 16) % 6)];
    return { colour: { kind: "exact", css: `rgb(${r} ${g} ${b})` }, used: 2 };
  }
  if (codes[0] === 2) {
    const byte = (at: number) => Math.max(0, Math.min(255, codes[at] ?? 0));
    return { colour: { kind: "exact", css: `rgb(${byte(1)} ${byte(2)} ${byte(3)})` }, used: 4 };
  }
  return { colour: null, used: 0 };
}
