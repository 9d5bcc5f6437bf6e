import { cut, widthsFor } from "#cli/width.ts";

export type Column = {
  readonly title: string;
  readonly align?: "right";
  /** Gives way where the terminal is too narrow, the last of them first; a number: down to that width, else to 8. */
  readonly flexible?: boolean | number;
  /** Where that is not enough it is left out, the least number first; before all others where it is empty. */
  readonly leaves?: number;
};

export type Cell = string | { readonly text: string; readonly colour: Colour };
export type Colour = "red" | "green" | "yellow" | "blue" | "dim";

/** Columns two blanks apart, and the titles of those left out. `columns`: how wide it may be, null: as wide as it needs. */
export async function tableOf(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { columns: most, colours }: Width,
): Promise<{ readonly text: string; readonly leftOut: readonly string[] }> {
  const texts = rows.map((row) => row.map((cell) => plain(typeof cell === "string" ? cell : cell.text)));
  const titles = columns.map(({ title }) => title);
  const widthOf = await widthsFor([...titles, ...texts.flat()]);
  const widths = columns.map((_, at) => Math.max(...[titles, ...texts].map((row) => widthOf(row[at] ?? ""))));
  const gone = most === null ? new Set<number>() : giveWay(columns, texts, widths, most);
  const line = (row: readonly string[], colour: (at: number, text: string) => string) =>
    row
      .flatMap((text, at) => {
        if (gone.has(at)) return [];
        const shown = cut(text, widths[at] ?? 0, widthOf);
        const blanks = " ".repeat((widths[at] ?? 0) - widthOf(shown));
        return [columns[at]?.align === "right" ? blanks + colour(at, shown) : colour(at, shown) + blanks];
      })
      .join("  ")
      .trimEnd();
  const head = line(titles, (_, text) => (colours ? coloured(text, "dim") : text));
  const body = texts.map((row, at) =>
    line(row, (column, text) => {
      const cell = rows[at]?.[column];
      return colours && cell !== undefined && typeof cell !== "string" ? coloured(text, cell.colour) : text;
    }),
  );
  return {
    text: `${(titles.every((title) => title === "") ? body : [head, ...body]).join("\n")}\n`,
    leftOut: titles.filter((_, at) => gone.has(at) && !isEmpty(texts, at)),
  };
}

type Width = { readonly columns: number | null; readonly colours: boolean };

export async function tableText(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: Width,
): Promise<string> {
  return (await tableOf(columns, rows, width)).text;
}

/** Two columns, name and value, for one thing. Titles of columns are written small here. */
export async function factsText(given: readonly (readonly [name: string, value: string])[]): Promise<string> {
  const facts = given.map(([name, value]) => [/^[A-Z -]+$/.test(name) ? name.toLowerCase() : name, value] as const);
  const widthOf = await widthsFor(facts.map(([name]) => name));
  const widest = Math.max(0, ...facts.map(([name]) => widthOf(name)));
  const indent = " ".repeat(widest + 2);
  return facts
    .map(([name, value]) => {
      const lines = plainLines(value).replaceAll("\n", `\n${indent}`);
      return `${name}${" ".repeat(widest - widthOf(name) + 2)}${lines}\n`;
    })
    .join("");
}

/** `plain`, keeping the lines apart. */
export function plainLines(text: string): string {
  return text.split("\n").map(plain).join("\n");
}

/** Without what would steer the terminal: names and reasons come from other people. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

const codes: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, blue: 34, dim: 2 };

export function coloured(text: string, colour: Colour): string {
  return text === "" ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`;
}

/** Narrows what is flexible and says what is left out, so that lines of `most` are enough, as far as can be. */
function giveWay(
  columns: readonly Column[],
  texts: readonly (readonly string[])[],
  widths: number[],
  most: number,
): ReadonlySet<number> {
  const gone = new Set<number>();
  const over = (width: (at: number) => number) =>
    widths.reduce((sum, _, at) => (gone.has(at) ? sum : sum + width(at) + 2), -2) - most;
  const full = (at: number) => widths[at] ?? 0;
  const least = (at: number) => Math.min(full(at), leastOf(columns[at]));
  const leaving = columns
    .flatMap(({ leaves }, at) => (leaves === undefined ? [] : [{ at, leaves: isEmpty(texts, at) ? 0 : leaves }]))
    .sort((a, b) => a.leaves - b.leaves);
  for (const { at } of leaving) if (over(least) > 0) gone.add(at);
  for (const at of columns.keys().toArray().reverse())
    widths[at] = Math.max(least(at), full(at) - Math.max(0, over(full)));
  return gone;
}

function leastOf(column: Column | undefined): number {
  if (typeof column?.flexible === "number") return column.flexible;
  return column?.flexible === true ? 8 : Number.POSITIVE_INFINITY;
}

function isEmpty(texts: readonly (readonly string[])[], at: number): boolean {
  return texts.every((row) => (row[at] ?? "") === "");
}
