/**
 * The launcher's frames (agent/launcher/weir-launcher, PROTOCOL): u32 length, then fields, each u16 length + name and
 * u32 length + value, big endian; names may repeat and the order is kept.
 */
export type Field = readonly [name: string, value: string | number | Uint8Array];

export function encodeFrame(fields: readonly Field[]): Buffer {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (const [name, value] of fields) {
    const label = Buffer.from(name, "utf8");
    const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value), "utf8");
    const labelSize = Buffer.alloc(2);
    labelSize.writeUInt16BE(label.length);
    parts.push(labelSize, label, uint32(bytes.length), bytes);
    size += 6 + label.length + bytes.length;
  }
  return Buffer.concat([uint32(size), ...parts]);
}

/** One received frame: values as bytes, by name, in order. */
export type Frame = ReadonlyMap<string, readonly Buffer[]>;

/** The first value of a name as text, or null. */
export function text(frame: Frame, name: string): string | null {
  return frame.get(name)?.[0]?.toString("utf8") ?? null;
}

/** Gathers bytes and gives whole frames. Throws on a frame that is not one: the connection is then of no use. */
export function frameReader(): (bytes: Buffer) => Frame[] {
  let pending: Buffer = Buffer.alloc(0);
  return (bytes) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
    const frames: Frame[] = [];
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32BE(0)) {
      const size = pending.readUInt32BE(0);
      frames.push(decode(pending.subarray(4, 4 + size)));
      pending = pending.subarray(4 + size);
    }
    return frames;
  };
}

function decode(payload: Buffer): Frame {
  const fields = new Map<string, Buffer[]>();
  for (let at = 0; at < payload.length; ) {
    const nameEnd = at + 2 + payload.readUInt16BE(at);
    const name = payload.toString("utf8", at + 2, nameEnd);
    const valueEnd = nameEnd + 4 + payload.readUInt32BE(nameEnd);
    if (valueEnd > payload.length) throw new Error("the launcher sent a torn frame");
    const values = fields.get(name);
    const value = payload.subarray(nameEnd + 4, valueEnd);
    if (values) values.push(value);
    else fields.set(name, [value]);
    at = valueEnd;
  }
  return fields;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
