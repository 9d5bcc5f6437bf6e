import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { TraceRefused } from "./trace-refusal.ts";

/**
 * The bytes of a trace, uncompressed: gzip is told by its first two bytes, whatever the file is called. Throws the file
 * system's own error where the file cannot be read, and `TraceRefused` where it is too large, or a gzip file cut short.
 */
export function readTrace(path: string): Uint8Array {
  const bytes = readWhole(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    throw new TraceRefused(path, { kind: "gzip", because }, error);
  }
}

function readWhole(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    // Node reads no more than 2 GiB at once.
    if (error instanceof Error && "code" in error && error.code === "ERR_FS_FILE_TOO_LARGE")
      throw new TraceRefused(path, { kind: "file-too-large", limitGib: 2 }, error);
    throw error;
  }
}

/** What a home is called that is told by its trace alone: `logs/KTH-SP2.swf.gz` → `KTH-SP2`. */
export function traceName(path: string): string {
  return basename(path)
    .replace(/\.gz$/i, "")
    .replace(/(?<=.)\.(swf|jsonl|csv|txt)$/i, "");
}
