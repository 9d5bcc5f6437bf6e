import { cut, widthsFor } from "#cli/width.ts";

export type Column = {
  readonly title: string;
  readonly align?: "right";
  /** Gives way where the terminal is too narrow. */
  readonly flexible?: boolean;
};

export type Cell = string | { readonly text: string; readonly colour: Colour };
export type Colour = "red" | "green" | "yellow" | "blue" | "dim";

/** Columns two blanks apart. `columns`: how wide it may be, null: as wide as it needs. */
export async function tableText(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { columns: most, colours }: { readonly columns: number | null; readonly colours: boolean },
): Promise<string> {
  const texts = rows.map((row) => row.map((cell) => plain(typeof cell === "string" ? cell : cell.text)));
  const titles = columns.map(({ title }) => title);
  const widthOf = await widthsFor([...titles, ...texts.flat()]);
  const widths = columns.map((_, at) => Math.max(...[titles, ...texts].map((row) => widthOf(row[at] ?? ""))));
  if (most !== null) giveWay(columns, widths, most);
  const line = (row: readonly string[], colour: (at: number, text: string) => string) =>
    row
      .map((text, at) => {
        const shown = cut(text, widths[at] ?? 0, widthOf);
        const blanks = " ".repeat((widths[at] ?? 0) - widthOf(shown));
        return columns[at]?.align === "right" ? blanks + colour(at, shown) : colour(at, shown) + blanks;
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
  return `${[head, ...body].join("\n")}\n`;
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

function giveWay(columns: readonly Column[], widths: number[], most: number): void {
  const over = widths.reduce((sum, width) => sum + width + 2, -2) - most;
  const at = columns.findIndex(({ flexible }) => flexible);
  if (over > 0 && at >= 0) widths[at] = Math.max(8, (widths[at] ?? 0) - over);
}
