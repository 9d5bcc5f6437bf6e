/**
 * Slurm's words for times, sizes and lists, as its commands print them. Numbers, never JSON: in 22.05 the JSON of
 * accounting shows wrong exit codes. What cannot be read is null, and whoever asked decides what that means.
 */
export type Words = ReadonlyMap<string, string>;

/**
 * The `Key=Value` words of one line of `scontrol --oneliner show …`. A value may have spaces in it; where a key comes
 * twice the first one counts, since what users write (names, comments) comes after what the controller says, but for the
 * job's name, on which the caller must have an eye.
 */
export function wordsOf(line: string): Words {
  const words = new Map<string, string>();
  const marks = [...line.matchAll(/(?:^|\s)([A-Za-z][\w:/.]*)=/g)];
  for (const [at, mark] of marks.entries()) {
    const key = mark[1] ?? "";
    const end = marks[at + 1]?.index ?? line.length;
    if (!words.has(key)) words.set(key, line.slice(mark.index + mark[0].length, end).trim());
  }
  return words;
}

/** What Slurm prints where it has nothing to say. */
export function present(value: string | undefined): string | null {
  return value === undefined || /^(?:|\(null\)|N\/A|n\/a|n\/s|None|none|Unknown|None assigned|UNLIMITED)$/.test(value)
    ? null
    : value;
}

/** A point in time, in seconds since 1970: commands are run with SLURM_TIME_FORMAT=%s. */
export function secondsSince1970(value: string | undefined): number | null {
  return value !== undefined && /^\d{9,11}$/.test(value) ? Number(value) : null;
}

/** `1-02:03:04`, `02:03:04`, `03:04.567` or `90` (minutes, as in limits) in seconds; UNLIMITED and INVALID are null. */
export function durationS(value: string | undefined): number | null {
  const clock = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(value ?? "");
  if (clock) {
    const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = clock;
    return Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  }
  const days = /^(\d+)-(\d+)$/.exec(value ?? "");
  if (days) return Number(days[1]) * 86_400 + Number(days[2]) * 3600;
  return value !== undefined && /^\d+$/.test(value) ? Number(value) * 60 : null;
}

/** `168132K`, `50M`, `1.5G`, `4000` (MiB where nothing is said) in MiB, rounded up. */
export function sizeMib(value: string | undefined): number | null {
  const match = /^(\d+(?:\.\d+)?)([KMGTP]?)[nc]?$/i.exec(value ?? "");
  if (!match) return null;
  const power = { K: -1, M: 0, G: 1, T: 2, P: 3 }[(match[2] || "M").toUpperCase()] ?? 0;
  return Math.ceil(Number(match[1]) * 1024 ** power);
}

/** The indices of `0-2,4-199:5%2`; null for what is no such list (`N/A`, or cut with `...`). */
export function indicesOf(text: string): readonly number[] | null {
  const indices: number[] = [];
  for (const range of text.replace(/%\d+$/, "").split(",")) {
    const match = /^(\d+)(?:-(\d+)(?::(\d+))?)?$/.exec(range);
    if (!match) return null;
    const first = Number(match[1]);
    const last = Number(match[2] ?? first);
    if (last - first > 10_000_000) return null;
    for (let index = first; index <= last; index += Number(match[3] ?? 1) || 1) indices.push(index);
  }
  return indices;
}

/** Ascending indices as Slurm takes them: `5-7,9`. */
export function indexList(indices: readonly number[]): string {
  const spans: { first: number; last: number }[] = [];
  for (const index of [...indices].sort((a, b) => a - b)) {
    const open = spans.at(-1);
    if (open && index === open.last + 1) open.last = index;
    else spans.push({ first: index, last: index });
  }
  return spans.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** Names of hosts as Slurm writes them together: `c[001-120,130],login`. */
export function hostList(names: readonly string[]): string {
  const groups = new Map<string, { readonly digits: string[] }>();
  for (const name of [...new Set(names)]) {
    const [, prefix = name, digits = ""] = /^(.*?)(\d*)$/.exec(name) ?? [];
    const key = `${prefix}\t${digits.length}`;
    const group = groups.get(key) ?? { digits: [] };
    group.digits.push(digits);
    groups.set(key, group);
  }
  return [...groups]
    .map(([key, { digits }]) => {
      const prefix = key.slice(0, key.indexOf("\t"));
      if (digits.length === 1) return `${prefix}${digits[0]}`;
      const width = digits[0]?.length ?? 0;
      const list = indexList(digits.map(Number));
      return `${prefix}[${list.replace(/\d+/g, (number) => number.padStart(width, "0"))}]`;
    })
    .join(",");
}
