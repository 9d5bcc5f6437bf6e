/**
 * The names that an engine's list of hosts stands for: `c[001-120,200],login1`. Null where it is no such list, or stands
 * for more than `most`.
 */
export function hostNames(text: string, most = mostOfCluster): readonly string[] | null {
  const names: string[] = [];
  for (const word of splitOutside(text)) {
    const match = /^([\w.-]*)(?:\[([\d,-]+)\]([\w.-]*))?$/.exec(word);
    if (!match || word === "") return null;
    const [, prefix = "", ranges, suffix = ""] = match;
    if (ranges === undefined) names.push(prefix);
    else if (!addRanges(names, prefix, ranges, suffix, most)) return null;
    if (names.length > most) return null;
  }
  return names;
}

/** Names that differ in a number of so many digits, from the first to the last. */
export type Span = { readonly family: string; readonly first: number; readonly last: number };

/** The same names without one by one; null also where that cannot be said so. */
export function hostSpans(text: string): readonly Span[] | null {
  const spans: Span[] = [];
  for (const word of splitOutside(text)) {
    const match = /^([\w.-]*?)(\d*)(?:\[([\d,-]+)\])?$/.exec(word);
    if (!match || word === "") return null;
    const [, head = "", lead = "", ranges] = match;
    if (ranges === undefined) spans.push({ family: `${head}|${lead.length}`, first: Number(lead), last: Number(lead) });
    else if (!addSpans(spans, head, lead, ranges)) return null;
    if (lead.length > mostDigits) return null;
  }
  return spans;
}

/** Beyond these no number is told exactly. */
const mostDigits = 15;

function addSpans(spans: Span[], head: string, lead: string, ranges: string): boolean {
  for (const range of ranges.split(",")) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range);
    if (!match) return false;
    const [, from = "", to = from] = match;
    if (Number(to) < Number(from)) return false;
    // Numbers that are not padded get longer on the way.
    const most = Math.max(from.length, String(Number(to)).length);
    if (lead.length + most > mostDigits) return false;
    for (let digits = from.length; digits <= most; digits += 1) {
      const before = Number(lead) * 10 ** digits;
      const first = digits === from.length ? Number(from) : 10 ** (digits - 1);
      const last = Math.min(Number(to), 10 ** digits - 1);
      spans.push({ family: `${head}|${lead.length + digits}`, first: before + first, last: before + last });
    }
  }
  return true;
}

/** More than any cluster has. */
const mostOfCluster = 100_000;

function addRanges(names: string[], prefix: string, ranges: string, suffix: string, most: number): boolean {
  for (const range of ranges.split(",")) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range);
    if (!match) return false;
    const [, first = "", last = first] = match;
    if (Number(last) < Number(first) || names.length + Number(last) - Number(first) >= most) return false;
    for (let at = Number(first); at <= Number(last); at += 1)
      names.push(`${prefix}${String(at).padStart(first.length, "0")}${suffix}`);
  }
  return true;
}

/** At commas outside brackets. */
function splitOutside(text: string): string[] {
  return text.split(/,(?![^[]*\])/);
}
