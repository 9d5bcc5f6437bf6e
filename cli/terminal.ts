import { Buffer } from "node:buffer";

/** What a command may touch of the world it runs in; tests give their own. */
export type Terminal = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly uid: number;
  /** Whether people read what is written there. */
  readonly outIsTerminal: boolean;
  readonly errorIsTerminal: boolean;
  readonly inIsTerminal: boolean;
  readonly columns: number;
  /** Resolves when it may be followed by more. */
  readonly out: (piece: string | Uint8Array) => Promise<void>;
  readonly error: (text: string) => void;
  readonly readAll: () => Promise<Uint8Array>;
  /** One line that is typed without being shown. */
  readonly askSecret: (prompt: string) => Promise<string>;
  /** Runs at Ctrl-C, which then ends the process; returns how to take it back. */
  readonly onInterrupt: (listener: () => void) => () => void;
};

export function processTerminal(): Terminal {
  return {
    environment: process.env,
    folder: process.cwd(),
    uid: process.getuid?.() ?? -1,
    outIsTerminal: process.stdout.isTTY === true,
    errorIsTerminal: process.stderr.isTTY === true,
    inIsTerminal: process.stdin.isTTY === true,
    columns: process.stdout.columns ?? 80,
    out: (piece) =>
      new Promise((resolve, reject) => process.stdout.write(piece, (error) => (error ? reject(error) : resolve()))),
    error: (text) => void process.stderr.write(text),
    readAll: async () => {
      const pieces: Uint8Array[] = [];
      for await (const piece of process.stdin) pieces.push(piece);
      return Buffer.concat(pieces);
    },
    askSecret,
    onInterrupt: (listener) => {
      const end = () => {
        listener();
        process.exit(130);
      };
      process.once("SIGINT", end);
      return () => void process.off("SIGINT", end);
    },
  };
}

async function askSecret(prompt: string): Promise<string> {
  const { createInterface } = await import("node:readline");
  const { Writable } = await import("node:stream");
  process.stderr.write(prompt);
  const silent = new Writable({ write: (_piece, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: process.stdin.isTTY === true });
  return new Promise((resolve) => {
    lines.once("line", (line) => {
      lines.close();
      process.stderr.write("\n");
      resolve(line);
    });
    lines.once("close", () => resolve(""));
    lines.once("SIGINT", () => process.exit(130));
  });
}
