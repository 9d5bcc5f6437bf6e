import { quantile } from "./load.ts";

type Figure = {
  readonly name: string;
  readonly unit: string;
  readonly promise: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
};

const figures: Figure[] = [];

/** Keeps a figure for the table and prints it as a line of JSON. */
export function figure(name: string, unit: string, promise: string, samples: readonly number[]): void {
  const made: Figure = {
    name,
    unit,
    promise,
    median: quantile(samples, 0.5),
    min: Math.min(...samples),
    max: Math.max(...samples),
    rounds: samples.length,
  };
  figures.push(made);
  process.stdout.write(`${JSON.stringify(made)}\n`);
}

/** All figures of this process. */
export function table(): void {
  const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
  const rows = figures.map((one) => [
    one.name,
    number(one.median),
    number(one.min),
    number(one.max),
    one.unit,
    one.promise,
  ]);
  const heads = ["figure", "median", "min", "max", "unit", "promise"];
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd();
  process.stdout.write(`\n${[heads, ...rows].map(line).join("\n")}\n`);
}
