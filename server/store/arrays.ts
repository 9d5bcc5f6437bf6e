import { assert } from "#core/unreachable.ts";

/**
 * PostgreSQL's binary array format (src/backend/utils/adt/arrayfuncs.c, array_recv), for the parameters of the hot
 * `unnest` statements: neither side quotes, escapes or parses text. `pg` sends a Buffer parameter as binary.
 */
export function int8s(values: readonly (number | bigint | null)[]): Buffer {
  const [out, view] = start(values.length, values.length * 12, int8Oid);
  let at = headerBytes;
  for (const value of values) {
    if (value === null) {
      view.setInt32(at, -1);
      at += 4;
      continue;
    }
    view.setInt32(at, 8);
    if (typeof value === "bigint") view.setBigInt64(at + 4, value);
    else setInteger(view, at + 4, value);
    at += 12;
  }
  return out.subarray(0, at);
}

export function int4s(values: readonly (number | null)[]): Buffer {
  const [out, view] = start(values.length, values.length * 8, int4Oid);
  let at = headerBytes;
  for (const value of values) {
    view.setInt32(at, value === null ? -1 : 4);
    at += 4;
    if (value === null) continue;
    assert((value | 0) === value, "an int4 holds it");
    view.setInt32(at, value);
    at += 4;
  }
  return out.subarray(0, at);
}

export function texts(values: readonly (string | null)[]): Buffer {
  return strings(values, textOid, "");
}

/** Values are JSON text already, and are kept as they are. */
export function jsons(values: readonly (string | null)[]): Buffer {
  return strings(values, jsonOid, "");
}

/** Values are JSON text already. */
export function jsonbs(values: readonly (string | null)[]): Buffer {
  return strings(values, jsonbOid, "\x01");
}

export function byteas(values: readonly (Uint8Array | null)[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + 4 + (value?.length ?? 0), 0);
  const [out, view] = start(values.length, bytes, byteaOid);
  let at = headerBytes;
  for (const value of values) {
    view.setInt32(at, value?.length ?? -1);
    at += 4;
    if (value === null) continue;
    out.set(value, at);
    at += value.length;
  }
  return out;
}

const int8Oid = 20;
const int4Oid = 23;
const textOid = 25;
const byteaOid = 17;
const jsonOid = 114;
const jsonbOid = 3802;
const headerBytes = 20;

/** The view is of the same bytes: a number is set by one instruction, where a Buffer sets byte by byte. */
function start(length: number, bytes: number, elementOid: number): readonly [out: Buffer, view: DataView] {
  const out = Buffer.allocUnsafe(headerBytes + bytes);
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  setHeader(view, length, elementOid);
  return [out, view];
}

function setHeader(view: DataView, length: number, elementOid: number): void {
  view.setInt32(0, 1); // dimensions
  view.setInt32(4, 1); // may hold nulls
  view.setInt32(8, elementOid);
  view.setInt32(12, length);
  view.setInt32(16, 1); // lower bound
}

function setInteger(view: DataView, at: number, value: number): void {
  assert(Number.isSafeInteger(value), "a number is it exactly");
  const high = Math.floor(value / 0x1_0000_0000);
  view.setInt32(at, high);
  view.setUint32(at + 4, value - high * 0x1_0000_0000);
}

/** Where texts are written before it is known how long they are; what is given away is a copy of that length. */
let draft = Buffer.allocUnsafeSlow(64 * 1024);
let draftView = new DataView(draft.buffer);
/** A longer draft is not kept for the next time. */
const mostDraftBytes = 1024 * 1024;

function strings(values: readonly (string | null)[], elementOid: number, prefix: string): Buffer {
  // UTF-8 takes at most three bytes for each UTF-16 unit.
  let mostBytes = headerBytes;
  for (const value of values) mostBytes += 4 + prefix.length + 3 * (value?.length ?? 0);
  let [out, view] = [draft, draftView];
  if (mostBytes > draft.length) {
    out = Buffer.allocUnsafeSlow(mostBytes);
    view = new DataView(out.buffer);
    if (mostBytes <= mostDraftBytes) [draft, draftView] = [out, view];
  }
  setHeader(view, values.length, elementOid);
  let at = headerBytes;
  let last: string | null = null;
  let lastAt = 0;
  for (const value of values) {
    if (value === null) {
      view.setInt32(at, -1);
      at += 4;
    } else if (value === last) {
      // Many jobs of one call share a text: its bytes are copied.
      const next = at + out.copy(out, at, lastAt, lastAt + 4 + view.getInt32(lastAt));
      lastAt = at;
      at = next;
    } else {
      lastAt = at;
      at += 4;
      if (prefix !== "") at += out.write(prefix, at, "latin1");
      at += out.write(value, at, "utf8");
      view.setInt32(lastAt, at - lastAt - 4);
      last = value;
    }
  }
  return out === draft ? Buffer.from(out.subarray(0, at)) : out.subarray(0, at);
}
