import type { Answer, Arguments } from "#api/client.ts";
import { type Basis, type Precision, readCapacity, type Sparsity, unitGigaflops } from "#core/centre/capacity.ts";
import { type LifeCycle, legalMoves, lifeCycles } from "#core/centre/life-cycle.ts";
import { withLine } from "#core/centre/stated-capacity.ts";

export type Stated = Answer<"capacity">;
export type StatedLine = Stated["lines"][number];
type NewLine = Arguments<"setCapacity">[0]["body"]["lines"][number];

/** One line as it stands in the form; what is left empty is not said. */
export type LineDraft = {
  readonly site?: string;
  readonly phase?: string;
  readonly pool?: string;
  readonly vendor?: string;
  readonly model?: string;
  readonly count?: number | null;
  readonly figure: string;
  readonly unit: string;
  readonly precision: Precision;
  readonly sparsity: Sparsity;
  readonly basis: Basis;
  readonly lifeCycle: LifeCycle;
  readonly inServiceFrom?: string;
  readonly regionCode?: string;
  readonly evidence?: string;
  /** The version it was typed on. */
  readonly base: number;
};

export const units = Object.keys(unitGigaflops).toReversed();

export function newDraft(base: number): Partial<LineDraft> {
  return { unit: "P", precision: "fp16", sparsity: "dense", basis: "nominal", lifeCycle: "planned", base };
}

export function draftOf(line: StatedLine, base: number): LineDraft {
  const { site, phase, pool, device, precision, sparsity, basis, lifeCycle, inServiceFrom, regionCode, evidence } =
    line;
  const named = { site, phase, pool, inServiceFrom, regionCode };
  const said = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== null));
  const figure = figureOf(BigInt(line.valueGigaflops));
  return { ...said, ...device, ...figure, precision, sparsity, basis, lifeCycle, evidence, base };
}

/** To its last digit, in the largest unit of which it is at least one. */
function figureOf(gigaflops: bigint): Pick<LineDraft, "figure" | "unit"> {
  const [unit, scale] = Object.entries(unitGigaflops).findLast(([, each]) => gigaflops >= each) ?? ["G", 1n];
  const digits = `${scale}`.length - 1;
  const fraction = `${gigaflops % scale}`.padStart(digits, "0").slice(0, digits).replace(/0+$/, "");
  return { figure: fraction === "" ? `${gigaflops / scale}` : `${gigaflops / scale}.${fraction}`, unit };
}

/** The figure of one device, or of all where no device is named; 0, which is refused: it cannot be read. */
export function gigaflopsOf({ figure, unit, precision, sparsity }: LineDraft): bigint {
  const read = readCapacity(`${figure.trim()} ${unit} ${precision} ${sparsity}`);
  return read.kind === "read" ? read.gigaflops : 0n;
}

/** Where a line may go from its stage, and where it is; a new one begins anywhere but at its end. */
export function stagesFrom(stage: LifeCycle | null): readonly LifeCycle[] {
  return stage === null ? lifeCycles.filter((one) => one !== "retired") : [stage, ...legalMoves[stage]];
}

/** All lines, with the one typed in place of `line`, or as a new one where that is null; and where in the list it stands. */
export function linesWith(
  { lines }: Stated,
  line: number | null,
  draft: LineDraft,
): { readonly lines: NewLine[]; readonly at: number } {
  const { vendor, model, count, precision, sparsity, basis, lifeCycle } = draft;
  const typed: NewLine = {
    ...(line !== null && { line }),
    site: said(draft.site),
    phase: said(draft.phase),
    pool: said(draft.pool),
    device: vendor || model ? { vendor: vendor ?? "", model: model ?? "", count: count ?? 1 } : null,
    precision,
    sparsity,
    basis,
    valueGigaflops: `${gigaflopsOf(draft)}`,
    lifeCycle,
    inServiceFrom: said(draft.inServiceFrom),
    regionCode: said(draft.regionCode),
    evidence: draft.evidence ?? "",
  };
  const all = withLine<NewLine>(lines, typed);
  const at = line === null ? all.length - 1 : all.findIndex((one) => one.line === line);
  return { lines: [...all], at };
}

function said(text: string | undefined): string | null {
  const trimmed = text?.trim() ?? "";
  return trimmed === "" ? null : trimmed;
}

/** The field of the form that a refusal's path is of: `lines[2].device.count` of line 2 is `count`. */
export function fieldOf(path: string, at: number): string {
  const own = `lines[${at}].`;
  if (!path.startsWith(own)) return path;
  const field = path.slice(own.length);
  return field === "valueGigaflops" ? "figure" : field.replace("device.", "");
}
