import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Call } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { historyText } from "#simulator/history.ts";

/** JSON lines, with and without `--json`: see docs/guides/history.md. Page after page, so that any history fits. */
export async function exportHistory(call: Call): Promise<number> {
  if (!call.has("history")) throw new Stop(exitCodes.usage, call.say("exportWhat"));
  const path = call.one("write");
  if (path === null) {
    for await (const piece of pieces(call)) await call.print(piece);
    return exitCodes.done;
  }
  try {
    await pipeline(Readable.from(pieces(call)), createWriteStream(resolve(call.terminal.folder, path)));
  } catch (error) {
    if (error instanceof Stop) throw error;
    const words = fileTroubleWords(error, call.say);
    throw new Stop(exitCodes.failed, call.say("simulateNotWritten", { path, words }));
  }
  call.note(call.say("exported", { path }));
  return exitCodes.done;
}

async function* pieces(call: Call): AsyncGenerator<string> {
  let next: string | null = null;
  let isFirst = true;
  do {
    const cursor: { readonly cursor?: string } = next === null ? {} : { cursor: next };
    const page = await call.ask("exportHistory", { query: { limit: 10_000, ...cursor } });
    yield* historyText(isFirst ? page.centres : null, page.runs);
    isFirst = false;
    next = page.next;
  } while (next !== null);
}
