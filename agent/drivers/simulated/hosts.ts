/** The names that `c[001-120]` stands for; a text without brackets names one host. Null where it cannot be read. */
export function hostsOf(text: string): readonly string[] | null {
  const match = /^([\w.-]+)\[(\d+)-(\d+)\]$/.exec(text);
  if (!match) return /^[\w.-]+$/.test(text) ? [text] : null;
  const [, prefix = "", first = "", last = ""] = match;
  const count = Number(last) - Number(first) + 1;
  if (count < 1 || count > mostHosts) return null;
  return Array.from({ length: count }, (_, at) => `${prefix}${String(Number(first) + at).padStart(first.length, "0")}`);
}

export const mostHosts = 20_000;

/** The list as engines write it: `c[001-003,007]`; hosts without a number stand for themselves. */
export function hostsText(hosts: readonly string[]): string {
  const numbers = new Map<string, string[]>();
  for (const host of hosts) {
    const [, prefix = host, digits = ""] = /^(.*?)(\d*)$/.exec(host) ?? [];
    numbers.set(prefix, [...(numbers.get(prefix) ?? []), digits]);
  }
  return [...numbers].map(([prefix, digits]) => prefixed(prefix, digits)).join(",");
}

function prefixed(prefix: string, digits: readonly string[]): string {
  if (digits.length === 1) return `${prefix}${digits[0]}`;
  const spans: { first: string; last: string }[] = [];
  for (const next of [...digits].sort((a, b) => Number(a) - Number(b))) {
    const open = spans.at(-1);
    if (open && Number(next) === Number(open.last) + 1 && next.length === open.last.length) open.last = next;
    else spans.push({ first: next, last: next });
  }
  return `${prefix}[${spans.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(",")}]`;
}
