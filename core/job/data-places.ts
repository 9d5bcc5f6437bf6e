import type { CentreId } from "#core/ids.ts";

/**
 * From when on a job's input is at the centres, as whoever copies it says (docs/decisions/0093): the network copies nothing, and
 * starts nothing of the job at a centre before.
 */
export type DataPlaces = {
  /** Each centre once, in the order of their ids. */
  readonly at: readonly DataPlace[];
  /** From when on it is at every other centre, 0: already; null: never. */
  readonly elsewhereMs: number | null;
};

/** `fromMs` 0: it is there already. */
export type DataPlace = { readonly centre: CentreId; readonly fromMs: number };

/** From when on it is there, 0: already, or it does not matter where; null: never. */
export function dataFromMs(data: DataPlaces | undefined, centre: CentreId): number | null {
  if (!data) return 0;
  const named = data.at.find((place) => place.centre === centre);
  return named ? named.fromMs : data.elsewhereMs;
}

/** When it is at some centre first; null: never. */
export function firstDataMs({ at, elsewhereMs }: DataPlaces): number | null {
  const moments = at.map(({ fromMs }) => fromMs).concat(elsewhereMs ?? []);
  return moments.length === 0 ? null : Math.min(...moments);
}

/** When next it comes to a centre; null: it is wherever it ever will be. */
export function nextDataMs({ at, elsewhereMs }: DataPlaces): number | null {
  const moments = at.map(({ fromMs }) => fromMs).concat(elsewhereMs ?? []);
  const ahead = moments.filter((fromMs) => fromMs > 0);
  return ahead.length === 0 ? null : Math.min(...ahead);
}

/** The same once a time has come: what is there by then is there already. undefined: it is everywhere. */
export function dataBy({ at, elsewhereMs }: DataPlaces, nowMs: number): DataPlaces | undefined {
  const by = (fromMs: number) => (fromMs <= nowMs ? 0 : fromMs);
  const elsewhere = elsewhereMs === null ? null : by(elsewhereMs);
  const left = at.map(({ centre, fromMs }) => ({ centre, fromMs: by(fromMs) }));
  const differing = left.filter(({ fromMs }) => fromMs !== elsewhere);
  return differing.length === 0 && elsewhere === 0 ? undefined : { at: differing, elsewhereMs: elsewhere };
}
