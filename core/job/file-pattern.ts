/** What the replacement symbols of a file name stand for. */
export type PatternFacts = {
  /** The task's own integer: %j. */
  readonly job: number | string;
  /** The array's id and the user's index, or null for a plain job: %A and %a. */
  readonly array: { readonly job: number | string; readonly index: number | string } | null;
  readonly name: string;
  readonly user: string;
  readonly node: string;
};

/**
 * A file name as sbatch expands it: %j %J %A %a %x %u %N %n %t %s and %%, a number between % and the letter pads with
 * zeros (`%4a`, at most ten wide), and a backslash anywhere means that nothing is replaced and the backslashes go
 * (sbatch(1), "filename pattern"). For a plain job %A is the job and %a is Slurm's 4294967294. A letter that is not
 * known stays as it is.
 */
export function expandPattern(pattern: string, facts: PatternFacts): string {
  if (pattern.includes("\\")) return pattern.replaceAll("\\", "");
  return pattern.replace(/%(\d*)([a-zA-Z%])/g, (whole, width: string, letter: string) => {
    const value = symbol(letter, facts);
    if (value === null) return whole;
    return /^\d+$/.test(value) ? value.padStart(Math.min(10, Number(width)), "0") : value;
  });
}

function symbol(letter: string, facts: PatternFacts): string | null {
  switch (letter) {
    case "%":
      return "%";
    case "j":
    case "J":
      return String(facts.job);
    case "A":
      return String(facts.array?.job ?? facts.job);
    case "a":
      return String(facts.array?.index ?? 4_294_967_294);
    case "x":
      return facts.name;
    case "u":
      return facts.user;
    case "N":
      return facts.node;
    case "n":
    case "t":
      return "0";
    case "s":
      return "batch";
    default:
      return null;
  }
}
