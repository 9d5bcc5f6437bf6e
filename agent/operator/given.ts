/** What an operator typed behind a word, read by that word's own options. */
export type Given = {
  readonly operands: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly has: (option: string) => boolean;
  readonly one: (option: string) => string | null;
  readonly all: (option: string) => readonly string[];
  /** To standard output. */
  readonly print: (line: string) => void;
  /** To standard error. */
  readonly note: (line: string) => void;
};
