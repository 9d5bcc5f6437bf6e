import { parseSwf, type SwfLog, swfHeader, swfText } from "../simulator/swf.ts";
import { figure } from "./figures.ts";

/**
 * How fast a log in SWF is read: uncompressed bytes for each second of CPU time of the one thread that reads, of a made log
 * of 500 000 jobs with numbers of the lengths that real logs have. Gunzip is not part of it.
 */
export async function parse(): Promise<void> {
  const log = madeLog(500_000);
  const bytes = Buffer.concat([...swfText(log)].map((piece) => Buffer.from(piece)));
  const rates: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    const before = process.threadCpuUsage();
    const { count } = parseSwf(bytes, "made.swf");
    const { user, system } = process.threadCpuUsage(before);
    if (count !== log.count) throw new Error(`${count} jobs were read of ${log.count}`);
    if (round >= 2) rates.push(bytes.length / (user + system));
  }
  figure(`SWF of ${(bytes.length / 1e6).toFixed(0)} MB, parsed`, "MB/s", "≥ 100", rates);
}

function madeLog(count: number): SwfLog {
  let state = 1;
  const random = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const column = (make: (place: number) => number): Int32Array => Int32Array.from({ length: count }, (_, i) => make(i));
  const missing = column(() => -1);
  let clockS = 0;
  const processors = column(() => 1 << random(8));
  return {
    name: "made.swf",
    header: swfHeader(new Map([["MaxProcs", "128"]])),
    count,
    position: column((place) => place),
    number: column((place) => place + 1),
    submitS: column(() => {
      clockS += random(600);
      return clockS;
    }),
    waitS: missing,
    runS: column(() => 10 ** (1 + random(5)) + random(99)),
    allocated: processors,
    requested: processors,
    requestedS: column(() => 60 * (1 + random(1440))),
    user: column(() => random(300)),
    group: missing,
  };
}
