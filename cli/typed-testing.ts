import { join } from "node:path";
import { run } from "#cli/run.ts";
import type { Terminal } from "#cli/terminal.ts";

export type Ran = { readonly code: number; readonly out: string; readonly error: string };

/** For tests: what `weir` does with those words, as somebody whose home is the folder; no terminal unless a change says so. */
export async function typed(
  words: readonly string[],
  changes: Partial<Terminal> & { readonly folder: string },
): Promise<Ran> {
  const out: Buffer[] = [];
  let error = "";
  const code = await run(words, {
    environment: { HOME: changes.folder, WEIR_HOME: join(changes.folder, "home") },
    uid: 1000,
    outIsTerminal: false,
    errorIsTerminal: false,
    inIsTerminal: false,
    columns: 80,
    out: async (piece) => void out.push(Buffer.from(piece)),
    error: (text) => {
      error += text;
    },
    readAll: async () => new Uint8Array(),
    askSecret: async () => "",
    onInterrupt: () => () => undefined,
    ...changes,
  });
  return { code, out: Buffer.concat(out).toString(), error };
}
