/**
 * The forms in which Slurm's options write times, sizes, signals and lists (sbatch(1), Slurm 22.05 to 24.11). Each reader
 * returns null where the text is not of its form.
 */

/**
 * "minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours", "days-hours:minutes", "days-hours:minutes:seconds";
 * behind a colon two digits at most, since more are a slip of the pen.
 */
export function parseTimeS(text: string): number | null {
  const match = /^(?:(\d{1,6})-)?(\d{1,9})(?::(\d{1,2}))?(?::(\d{1,2}))?$/.exec(text);
  if (!match) return null;
  const [days, a, b, c] = [match[1], match[2], match[3], match[4]].map((part) => (part === undefined ? null : +part));
  if (days !== null) return (days ?? 0) * 86_400 + (a ?? 0) * 3600 + (b ?? 0) * 60 + (c ?? 0);
  if (c !== null) return (a ?? 0) * 3600 + (b ?? 0) * 60 + (c ?? 0);
  return (a ?? 0) * 60 + (b ?? 0);
}

/** MiB; a bare number is MiB, suffixes K, M, G, T are powers of 1024, and a part of a MiB counts as a whole one. */
export function parseMemoryMib(text: string): number | null {
  const match = /^(\d{1,12})([kmgt]?)$/i.exec(text);
  if (!match) return null;
  const value = Number(match[1]);
  switch ((match[2] ?? "").toLowerCase()) {
    case "k":
      return Math.ceil(value / 1024);
    case "g":
      return value * 1024;
    case "t":
      return value * 1024 * 1024;
    default:
      return value;
  }
}

/** A whole number of at most fifteen digits: more than anybody may ask for, so that it is refused as too large. */
export function parseCount(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** "TERM", "SIGTERM" or "15", in front "R:" or "B:" (to the batch script alone), behind "@seconds" (60 where not said). */
export function parseSignal(text: string): SignalWord | null {
  const match = /^([RB]{1,2}:)?([A-Za-z0-9]{1,12})(?:@(\d{1,6}))?$/.exec(text);
  if (!match) return null;
  const name = (match[2] ?? "").toUpperCase().replace(/^SIG/, "");
  return {
    name: signalNames[name] ?? name,
    toScript: match[1]?.includes("B") ?? false,
    beforeS: Number(match[3] ?? 60),
  };
}

export type SignalWord = { readonly name: string; readonly toScript: boolean; readonly beforeS: number };

/** signal(7), on the machines that Slurm runs on. */
const signalNames: Readonly<Record<string, string>> = {
  1: "HUP",
  2: "INT",
  3: "QUIT",
  10: "USR1",
  12: "USR2",
  15: "TERM",
};

export type GresWord = { readonly name: string; readonly type: string | null; readonly count: number };

/** One word of --gres: `gpu`, `gpu:2`, `gpu:a100:2`, `gres/gpu:2`; a count where nothing is said is 1. */
export function parseGres(text: string): GresWord | null {
  const [name = "", ...rest] = text
    .toLowerCase()
    .replace(/^gres[/:]/, "")
    .split(/[:=]/);
  const last = rest.at(-1);
  const isCounted = last !== undefined && /^\d{1,9}$/.test(last);
  const [type = null, ...more] = isCounted ? rest.slice(0, -1) : rest;
  const isName = (word: string) => /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/.test(word);
  if (!isName(name) || (type !== null && !isName(type)) || more.length > 0) return null;
  return { name, type, count: isCounted ? Number(last) : 1 };
}

/** Splits at commas that stand outside quotes, and takes those quotes off. */
export function splitList(text: string): string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (const character of text) {
    if (quote) {
      if (character === quote) quote = "";
      else word += character;
    } else if (character === "'" || character === '"') quote = character;
    else if (character === ",") {
      words.push(word);
      word = "";
    } else word += character;
  }
  words.push(word);
  return words;
}
