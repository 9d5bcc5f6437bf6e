import { parseArgs } from "node:util";
import { agentVersion } from "#agent/run-agent.ts";
import { say } from "./say.ts";
import { installedEnvironment } from "./settings.ts";
import { findWord, overview, wordHelp } from "./words.ts";

/** `weir-agent WORD …`; the status is 0, 1 where it did not work out, 2 for words that it does not know. */
export async function operate(name: string, rest: readonly string[]): Promise<number> {
  const note = (line: string) => void process.stderr.write(`${line}\n`);
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  if (["--version", "-V", "version"].includes(name)) {
    print(`weir-agent ${agentVersion}`);
    return 0;
  }
  if (["--help", "-h", "help"].includes(name)) {
    const [asked] = rest;
    if (asked !== undefined) return operate(asked, ["--help"]);
    print(overview());
    return 0;
  }
  const word = findWord(name);
  if (word === null) {
    note(`${say("unknownWord", { name })}\n\n${overview()}`);
    return 2;
  }
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(word.options, rest);
  } catch (error) {
    note(
      `${say("wrongWords", { words: error instanceof Error ? error.message : String(error) })}\n\n${wordHelp(word)}`,
    );
    return 2;
  }
  if (parsed.values.help === true) {
    print(wordHelp(word));
    return 0;
  }
  const [least, most] = word.takes;
  if (parsed.positionals.length < least || parsed.positionals.length > most) {
    note(wordHelp(word));
    return 2;
  }
  const values = (option: string): readonly string[] => {
    const value = parsed.values[option];
    return Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)];
  };
  try {
    return await word.act({
      operands: parsed.positionals,
      environment: installedEnvironment(process.env),
      has: (option) => values(option).length > 0,
      one: (option) => values(option).at(-1) ?? null,
      all: values,
      print,
      note,
    });
  } catch (error) {
    note(`weir-agent ${name}: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

function parse(
  options: Readonly<Record<string, { readonly value?: string }>>,
  rest: readonly string[],
): { readonly values: Values; readonly positionals: readonly string[] } {
  const known = Object.entries(options).map(
    ([name, { value }]) => [name, { type: value === undefined ? "boolean" : "string", multiple: true }] as const,
  );
  return parseArgs({
    args: [...rest],
    allowPositionals: true,
    options: { ...Object.fromEntries(known), help: { type: "boolean", short: "h" } },
  });
}
