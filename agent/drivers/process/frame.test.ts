import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeFrame, frameReader } from "./frame.ts";

test("frames come out as they went in, however the bytes are cut", () => {
  const field = fc.tuple(fc.string({ maxLength: 20 }), fc.uint8Array({ maxLength: 200 }));
  fc.assert(
    fc.property(
      fc.array(fc.array(field, { maxLength: 6 }), { maxLength: 4 }),
      fc.integer({ min: 1, max: 50 }),
      (frames, cut) => {
        const read = frameReader();
        const bytes = Buffer.concat(frames.map(encodeFrame));
        const received = [];
        for (let at = 0; at < bytes.length; at += cut) received.push(...read(bytes.subarray(at, at + cut)));
        assert.equal(received.length, frames.length);
        for (const [at, frame] of frames.entries()) {
          const sent = new Map<string, Buffer[]>();
          for (const [name, value] of frame) sent.set(name, [...(sent.get(name) ?? []), Buffer.from(value)]);
          assert.deepEqual(
            new Map([...(received[at] ?? [])].map(([name, values]) => [name, values.map((one) => Buffer.from(one))])),
            sent,
          );
        }
      },
    ),
  );
});

test("a torn frame is refused", () => {
  const bytes = encodeFrame([["a", "bcd"]]);
  bytes.writeUInt32BE(9, 7);
  assert.throws(() => frameReader()(bytes), /torn frame/);
});
