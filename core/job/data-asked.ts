import { centreId } from "#core/ids.ts";
import type { Asked, AskedData, DataOption, Request, When } from "#core/job/asked.ts";
import { type DataPlace, type DataPlaces, dataBy, dataFromMs } from "#core/job/data-places.ts";
import { type Phrase, phrase } from "#core/job/phrase.ts";
import { readMoment } from "#core/job/slurm-moment.ts";
import type { JobSpec } from "#core/job/spec.ts";
import { networkTimeText, networkZone } from "#core/ledger/network-day.ts";
import type { Refusal } from "#core/refusal.ts";

export type ReadData =
  | { readonly kind: "data"; readonly data: AskedData }
  | { readonly kind: "wrong"; readonly option: DataOption; readonly value: string; readonly expected: Phrase };

/**
 * What options say: `--data-at CENTRE[=WHEN],…` and `--data-elsewhere WHEN|never`. A WHEN is `now`, so long from now (90s, 30m,
 * 2h, 1d) or a moment (core/job/slurm-moment.ts); hours with colons are a time of day.
 */
export function readDataOptions(at: readonly DataOption[], elsewhere: DataOption | undefined, nowMs: number): ReadData {
  const places: (When & { centre: string })[] = [];
  for (const option of at)
    for (const part of option.text.split(",")) {
      const [centre = "", ...rest] = part.split("=");
      const when = rest.length === 0 ? {} : readWhen(rest.join("="), nowMs);
      if (centre === "" || when === null)
        return { kind: "wrong", option, value: part, expected: phrase("data-place", { zone: networkZone }) };
      places.push({ centre, ...when });
    }
  if (elsewhere === undefined || elsewhere.text === "never") return { kind: "data", data: { at: places } };
  const when = readWhen(elsewhere.text, nowMs);
  if (when) return { kind: "data", data: { at: places, elsewhere: when } };
  const expected = phrase("data-elsewhere", { zone: networkZone });
  return { kind: "wrong", option: elsewhere, value: elsewhere.text, expected };
}

function readWhen(text: string, nowMs: number): When | null {
  if (text === "now") return {};
  const [, count = "", unit = ""] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  if (count !== "") return { afterS: Number(count) * (unitS[unit] ?? 0) };
  const later = /^now\+/.test(text) ? readMoment(text, 0) : null;
  if (later !== null) return { afterS: later / 1000 };
  const fromMs = readMoment(text, nowMs);
  return fromMs === null ? null : { fromMs };
}

const unitS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Where the input is, each moment worked out; null: it does not matter where it goes. */
export function dataPlacesOf(
  asked: Asked,
  request: Pick<Request, "data">,
  { centres, nowMs }: { readonly centres: readonly string[]; readonly nowMs: number },
): { readonly data: DataPlaces | null } | Refusal {
  const said = request.data ? { kind: "data" as const, data: request.data } : optionsOf(asked, nowMs);
  if (said === null) return { data: null };
  if (said.kind === "wrong") return wrongOption(said);
  const { at = [], elsewhere } = said.data;
  if (at.length === 0 && elsewhere === undefined) return wrong("data", "data-nowhere");
  if (at.length > mostPlaces)
    return {
      kind: "too-large",
      what: "the list of places of data",
      actual: at.length,
      limit: mostPlaces,
      unit: "centres",
    };
  const places: DataPlace[] = [];
  for (const [index, { centre, ...when }] of at.entries()) {
    const path = `data.at.${index}`;
    if (!centres.includes(centre))
      return { kind: "not-offered", option: null, line: null, what: "centre", value: centre, known: centres };
    if (places.some((place) => place.centre === centre)) return wrong(path, "data-centre-twice", { centre });
    const fromMs = momentOf(when, nowMs);
    if (typeof fromMs !== "number") return wrong(path, fromMs.words, fromMs.facts);
    places.push({ centre: centreId(centre), fromMs });
  }
  const elsewhereMs = elsewhere === undefined ? null : momentOf(elsewhere, nowMs);
  if (elsewhereMs !== null && typeof elsewhereMs !== "number")
    return wrong("data.elsewhere", elsewhereMs.words, elsewhereMs.facts);
  places.sort((a, b) => (a.centre < b.centre ? -1 : 1));
  return { data: dataBy({ at: places, elsewhereMs }, 0) ?? null };
}

/** What is wrong with the options as they are written, before anything is known of the centres. */
export function dataOptionsRefusal(asked: Asked, nowMs: number): Refusal | null {
  const said = optionsOf(asked, nowMs);
  return said?.kind === "wrong" ? wrongOption(said) : null;
}

function wrongOption({ option, value, expected }: Extract<ReadData, { kind: "wrong" }>): Refusal {
  return { kind: "bad-option-value", option: option.option, line: option.line, value: value.slice(0, 200), expected };
}

/** A job names no more centres. */
const mostPlaces = 100;

function optionsOf({ dataAt, dataElsewhere }: Asked, nowMs: number): ReadData | null {
  return dataAt || dataElsewhere ? readDataOptions(dataAt ?? [], dataElsewhere, nowMs) : null;
}

function momentOf(
  { fromMs, afterS }: When,
  nowMs: number,
): number | { readonly words: "data-one-when" | "data-moment-past"; readonly facts: Phrase["facts"] } {
  if (fromMs !== undefined && afterS !== undefined) return { words: "data-one-when", facts: {} };
  if (fromMs !== undefined && fromMs <= nowMs)
    return { words: "data-moment-past", facts: { said: networkTimeText(fromMs), now: networkTimeText(nowMs) } };
  if (fromMs !== undefined) return fromMs;
  return afterS ? nowMs + afterS * 1000 : 0;
}

function wrong(path: string, words: Parameters<typeof phrase>[0], facts: Phrase["facts"] = {}): Refusal {
  return { kind: "invalid-request", issues: [{ path, words: phrase(words, facts) }] };
}

/** Where it can start first by its data alone, of the centres that it wishes, it could no longer end by its deadline. */
export function dataTooLate(
  { data, deadlineMs, timeLimitS, centres: { only, except } }: JobSpec,
  centres: readonly string[],
): Refusal | null {
  if (data === null || deadlineMs === null) return null;
  const wished = centres.map(centreId).filter((id) => (only.length === 0 || only.includes(id)) && !except.includes(id));
  const ready = wished.flatMap((id) => dataFromMs(data, id) ?? []);
  const firstMs = Math.min(...ready);
  const latestMs = deadlineMs - timeLimitS * 1000;
  if (ready.length === 0 || firstMs <= latestMs) return null;
  const facts = {
    ready: networkTimeText(firstMs),
    latest: networkTimeText(latestMs),
    deadline: networkTimeText(deadlineMs),
  };
  return wrong("data", "data-after-deadline", facts);
}

/** What was understood. */
export function dataPhrases(data: DataPlaces | null): Phrase[] {
  if (data === null) return [];
  const { at, elsewhereMs } = data;
  const places = at.map(({ centre, fromMs }) =>
    fromMs === 0
      ? phrase("data-there", { centre })
      : phrase("data-there-from", { centre, ready: networkTimeText(fromMs) }),
  );
  const elsewhere =
    elsewhereMs === null
      ? phrase("data-not-elsewhere")
      : elsewhereMs === 0
        ? phrase("data-elsewhere-already")
        : phrase("data-elsewhere-from", { ready: networkTimeText(elsewhereMs) });
  return [...places, elsewhere];
}
