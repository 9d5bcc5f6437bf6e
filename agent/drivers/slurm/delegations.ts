import { setTimeout as delay } from "node:timers/promises";
import { type Frame, text } from "#agent/drivers/process/frame.ts";
import { payloadFrame } from "./commands.ts";
import type { SlurmConfiguration } from "./configuration.ts";
import { say } from "./doctor-words.ts";
import type { Finding } from "./finding.ts";
import type { Mapping, MappingEntry } from "./mapping.ts";
import type { WeirAs } from "./weir-as.ts";

/**
 * Where people lend their own credential in place of a helper that acts for them (P3): takes what they lend, as often as
 * they renew it, and keeps the mapping true. An account serves only while what its user lent is in force and not near its
 * end; after that it is tried again before it is ready. Tokens are in the hands of weir-by-token, and not here.
 */
export type DelegationSettings = {
  readonly helper: WeirAs;
  /** What this user lent is not in force any more. */
  readonly lapsed: (user: string) => void;
  /** What waited for this user's credential is done. */
  readonly renewed: (user: string) => Promise<void>;
  readonly mapping: Mapping;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly everyMs: number;
};

export type Delegation = {
  readonly user: string;
  readonly endsMs: number;
  readonly takenMs: number;
  /** From when it was taken to its end. */
  readonly lifeMs: number;
};

/** Work that is placed now may be submitted and cancelled later: with so much of its life left nothing new is sent. */
const nearShare = 1 / 10;
const mostNearMs = 3_600_000;

export async function keepDelegations(settings: DelegationSettings): Promise<void> {
  const { helper, lapsed, renewed, mapping, note, nowMs, signal } = settings;
  while (!signal.aborted) {
    try {
      const { delegations, events } = await takeDelegations(helper);
      for (const words of events) note(words, {});
      for (const entry of mapping.entries()) {
        const readiness = judge(entry, delegations.get(entry.user) ?? null, nowMs());
        if (readiness === null) continue;
        if (readiness.kind === "needs-credential") lapsed(entry.user);
        mapping.put({ ...entry, readiness }, entry);
        note("what a local user lends has changed", {
          person: entry.person,
          project: entry.project,
          readiness: readiness.kind,
        });
      }
      for (const { user } of delegations.values()) await renewed(user);
    } catch (error) {
      if (!signal.aborted) note("what users lend is looked at again", { error: String(error) });
    }
    await delay(settings.everyMs, undefined, { signal }).catch(() => {});
  }
}

/** Pure: what an entry's readiness becomes; null: it stays. */
export function judge(entry: MappingEntry, lent: Delegation | null, nowMs: number): MappingEntry["readiness"] | null {
  const { readiness } = entry;
  if (readiness.kind === "removed" || readiness.kind === "requested") return null;
  const missing = whatIsMissing(lent, nowMs);
  if (missing !== null) {
    if (readiness.kind === "needs-credential" && readiness.words === missing) return null;
    return { kind: "needs-credential", sinceMs: nowMs, words: missing };
  }
  if (readiness.kind === "needs-credential") return { kind: "created", sinceMs: nowMs, words: null };
  // What failed with the one before is tried at once with this one.
  const isRenewed = lent !== null && lent.takenMs > readiness.sinceMs;
  if (readiness.kind === "created" && readiness.words !== null && isRenewed)
    return { kind: "created", sinceMs: nowMs, words: null };
  return null;
}

/** For the operator and for the user's own ears, with the remedy; null: it is in force. */
export function whatIsMissing(lent: Delegation | null, nowMs: number): string | null {
  if (lent === null) return say("lentNone");
  const time = new Date(lent.endsMs).toISOString().replace(/\.\d+Z$/, "Z");
  if (lent.endsMs <= nowMs) return say("lentEnded", { time });
  const nearMs = Math.min(mostNearMs, lent.lifeMs * nearShare);
  if (lent.endsMs - nowMs > nearMs) return null;
  return say("lentEnds", { time });
}

/** What is in force by user, and what is new; drops of users are taken by the way. */
export async function takeDelegations(
  helper: WeirAs,
): Promise<{ readonly delegations: ReadonlyMap<string, Delegation>; readonly events: readonly string[] }> {
  const frame = await helper.ask("take", []);
  if (text(frame, "ok") !== "1") throw new Error(`weir-by-token take: ${text(frame, "words")}`);
  return { delegations: delegationsIn(frame), events: (frame.get("event") ?? []).map(String) };
}

/** What the doctor says of this mode; it takes nothing. */
export async function delegationFindings(
  helper: WeirAs,
  folder: string,
  facts: {
    readonly isStopped: boolean;
    readonly config: SlurmConfiguration | null;
    readonly users: readonly string[];
    readonly nowMs: number;
  },
): Promise<readonly Finding[]> {
  const lent = delegationsIn(await helper.ask("hello", []));
  const inForce = [...lent.values()].filter(({ endsMs }) => endsMs > facts.nowMs).length;
  const findings: Finding[] = [
    {
      name: "mode",
      verdict: "good",
      words: say("lending", { folder, count: inForce }),
    },
  ];
  if (facts.isStopped) findings.push({ name: "kill switch", verdict: "wrong", words: say("stopped") });
  const { config } = facts;
  if (config !== null) findings.push(...tokenFindings(config));
  for (const user of facts.users) {
    const missing = whatIsMissing(lent.get(user) ?? null, facts.nowMs);
    if (missing !== null) findings.push({ name: `credential ${user}`, verdict: "note", words: missing });
  }
  return findings;
}

function tokenFindings(config: SlurmConfiguration): readonly Finding[] {
  const name = "tokens";
  const types = config.all.get("AuthAltTypes") ?? "";
  const parameters = config.all.get("AuthAltParameters") ?? "";
  if (!types.includes("auth/jwt")) return [{ name, verdict: "wrong", words: say("jwtNone") }];
  if (parameters.includes("disable_token_creation")) return [{ name, verdict: "wrong", words: say("jwtForbidden") }];
  const most = /max_token_lifespan=(\d+)/.exec(parameters)?.[1];
  const made = most === undefined ? say("jwtAny") : say("jwtMost", { s: most });
  const hidden = config.privateData.includes("jobs") ? say("jwtHidden") : "";
  return [{ name, verdict: "good", words: made + hidden }];
}

function delegationsIn(frame: Frame): ReadonlyMap<string, Delegation> {
  const all = (frame.get("delegation") ?? []).map(payloadFrame).map(delegationOf);
  return new Map(all.map((one) => [one.user, one]));
}

function delegationOf(frame: Frame): Delegation {
  const number = (name: string) => Number(text(frame, name) ?? 0);
  return {
    user: text(frame, "user") ?? "",
    endsMs: number("endsMs"),
    takenMs: number("takenMs"),
    lifeMs: number("lifeMs"),
  };
}
