import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { TraceRefused } from "./trace-refusal.ts";

/**
 * The bytes of a trace, uncompressed: gzip is told by its first two bytes, whatever the file is called. Throws the file
 * system's own error where the file cannot be read, and `TraceRefused` where the gzip file is cut short or damaged.
 */
export function readTrace(path: string): Uint8Array {
  const bytes = readFileSync(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    throw new TraceRefused(path, { kind: "gzip", because }, error);
  }
}

/** What a home is called that is told by its trace alone: `logs/KTH-SP2.swf.gz` → `KTH-SP2`. */
export function traceName(path: string): string {
  return basename(path)
    .replace(/\.gz$/i, "")
    .replace(/(?<=.)\.(swf|jsonl|csv|txt)$/i, "");
}
