import type { Language } from "#core/language.ts";
import type { Policy } from "#core/scheduling/policy.ts";
import { type PolicyIssue, parseLivePolicy } from "#core/scheduling/policy-file.ts";

/**
 * A policy file being changed. Its text is the one fact: the form reads it and writes into it. It is judged by the very
 * rules of the server, so that what is wrong is said while it is typed.
 */
export type PolicyDraft =
  | { readonly kind: "policy"; readonly file: PolicyFile; readonly policy: Policy }
  /** `file` null: it is no JSON object, and no field can be read. */
  | { readonly kind: "refused"; readonly file: PolicyFile | null; readonly problems: readonly DraftProblem[] };

/** `path`: of the field, empty: the file as a whole. */
export type DraftProblem = { readonly path: string; readonly words: string };

export type PolicyFile = Readonly<Record<string, unknown>>;

export function draftOf(text: string, language: Language): PolicyDraft {
  const read = readJson(text);
  if (read.kind === "broken") return { kind: "refused", file: null, problems: [{ path: "", words: read.words }] };
  const parsed = parseLivePolicy(read.value);
  const file = isFile(read.value) ? read.value : null;
  if (parsed.kind === "policy" && file !== null) return { kind: "policy", file, policy: parsed.policy };
  const issues: readonly PolicyIssue[] = parsed.kind === "refused" ? parsed.issues : [];
  return { kind: "refused", file, problems: issues.map((issue) => ({ path: issue.path, words: issue[language] })) };
}

export function textOf(policy: object): string {
  return `${JSON.stringify(policy, null, 2)}\n`;
}

/** What stands at `fairness.power`; undefined: nothing. */
export function valueAt(value: unknown, path: string): unknown {
  return path.split(".").reduce((part: unknown, name) => (isFile(part) ? part[name] : undefined), value);
}

/** The same file with another value there; parts on the way that it has not are made. */
export function withValue(file: PolicyFile, path: string, value: unknown): PolicyFile {
  const [name = "", ...rest] = path.split(".");
  const inner = file[name];
  return {
    ...file,
    [name]: rest.length === 0 ? value : withValue(isFile(inner) ? inner : {}, rest.join("."), value),
  };
}

export type PolicyChange = { readonly path: string; readonly from: string; readonly to: string };

/** Field by field, of classes by their names; a part that comes or goes is told whole. The policy's name is not: it orders nothing. */
export function changesBetween(before: Policy, after: Policy): readonly PolicyChange[] {
  const [from, to] = [comparable(before), comparable(after)];
  return differences("", from, to);
}

function comparable({ name: _, classes, ...rest }: Policy): PolicyFile {
  const byName = Object.fromEntries(classes.map(({ name, ...one }) => [name, one]));
  const order = classes.map(({ name }) => name).join(", ");
  return { classes: { ...byName, "": order }, ...rest };
}

function differences(path: string, from: unknown, to: unknown): readonly PolicyChange[] {
  if (JSON.stringify(from) === JSON.stringify(to)) return [];
  if (!isFile(from) || !isFile(to)) return [{ path, from: shown(from), to: shown(to) }];
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  const within = (name: string) => [path, name].filter((part) => part !== "").join(".");
  return [...names].flatMap((name) => differences(within(name), from[name], to[name]));
}

function shown(value: unknown): string {
  return value === undefined || value === null ? "null" : JSON.stringify(value);
}

function readJson(
  text: string,
): { readonly kind: "read"; readonly value: unknown } | { readonly kind: "broken"; readonly words: string } {
  try {
    return { kind: "read", value: JSON.parse(text) };
  } catch (error) {
    return { kind: "broken", words: error instanceof Error ? error.message : String(error) };
  }
}

function isFile(value: unknown): value is PolicyFile {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
