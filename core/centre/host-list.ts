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
