/**
 * PostgreSQL's binary array format (src/backend/utils/adt/arrayfuncs.c, array_recv), for the parameters of the hot
 * `unnest` statements: neither side quotes, escapes or parses text. `pg` sends a Buffer parameter as binary.
 */
export function int8s(values: readonly (number | bigint | null)[]): Buffer {
  const out = start(values.length, values.length * 12, int8Oid);
  let at = headerBytes;
  for (const value of values) {
    if (value === null) {
      at = out.writeInt32BE(-1, at);
    } else {
      at = out.writeInt32BE(8, at);
      at = typeof value === "bigint" ? out.writeBigInt64BE(value, at) : writeInteger(out, value, at);
    }
  }
  return out.subarray(0, at);
}

export function int4s(values: readonly (number | null)[]): Buffer {
  const out = start(values.length, values.length * 8, int4Oid);
  let at = headerBytes;
  for (const value of values) {
    if (value === null) {
      at = out.writeInt32BE(-1, at);
    } else {
      at = out.writeInt32BE(4, at);
      at = out.writeInt32BE(value, at);
    }
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
  const out = start(values.length, bytes, byteaOid);
  let at = headerBytes;
  for (const value of values) {
    at = out.writeInt32BE(value?.length ?? -1, at);
    if (value !== null) {
      out.set(value, at);
      at += value.length;
    }
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

function start(length: number, bytes: number, elementOid: number): Buffer {
  const out = Buffer.allocUnsafe(headerBytes + bytes);
  out.writeInt32BE(1, 0); // dimensions
  out.writeInt32BE(1, 4); // may hold nulls
  out.writeInt32BE(elementOid, 8);
  out.writeInt32BE(length, 12);
  out.writeInt32BE(1, 16); // lower bound
  return out;
}

function writeInteger(out: Buffer, value: number, at: number): number {
  const high = Math.floor(value / 0x1_0000_0000);
  out.writeInt32BE(high, at);
  return out.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
}

function strings(values: readonly (string | null)[], elementOid: number, prefix: string): Buffer {
  // UTF-8 takes at most three bytes for each UTF-16 unit.
  let mostBytes = 0;
  for (const value of values) mostBytes += 4 + prefix.length + 3 * (value?.length ?? 0);
  const out = start(values.length, mostBytes, elementOid);
  let at = headerBytes;
  let last: string | null = null;
  let lastAt = 0;
  for (const value of values) {
    if (value === null) {
      at = out.writeInt32BE(-1, at);
    } else if (value === last) {
      // Many jobs of one call share a text: its bytes are copied.
      const next = at + out.copy(out, at, lastAt, lastAt + 4 + out.readInt32BE(lastAt));
      lastAt = at;
      at = next;
    } else {
      lastAt = at;
      at += 4;
      if (prefix !== "") at += out.write(prefix, at, "latin1");
      at += out.write(value, at, "utf8");
      out.writeInt32BE(at - lastAt - 4, lastAt);
      last = value;
    }
  }
  return out.subarray(0, at);
}
