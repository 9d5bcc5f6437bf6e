import {
  type Answer,
  type Arguments,
  type Client,
  type ClientSettings,
  createClient,
  type NoAnswer,
  type PlainRouteName,
} from "#api/client.ts";
import type { Problem } from "#api/values.ts";
import { type Connection, connectionFor, isCode } from "#cli/connection.ts";
import type { Option, Parsed } from "#cli/option.ts";
import { placeholders } from "#cli/placeholder.ts";
import { plainHttp } from "#cli/plain-http.ts";
import { exitCodes, Stop, stopOf } from "#cli/stop.ts";
import { type Cell, type Column, factsText, plainLines, tableOf } from "#cli/table.ts";
import type { Terminal } from "#cli/terminal.ts";
import type { Say } from "#cli/words.ts";
import { parseTaskName } from "#core/ids.ts";
import type { Language } from "#core/language.ts";

/** One use of one command: what was typed, and what a command does with it. */
export type Call = {
  readonly terminal: Terminal;
  readonly language: Language;
  readonly say: Say;
  readonly json: boolean;
  readonly operands: readonly string[];
  readonly passedOn: readonly string[];
  /** The options of the command, which help lists. */
  readonly known: readonly Option[];
  /** The operands followed `--`. */
  readonly afterDashes: boolean;
  readonly has: (option: string) => boolean;
  readonly one: (option: string) => string | null;
  readonly all: (option: string) => readonly string[];
  /** Whole, from `least`, to `most` where there is one; null where it was not given. */
  readonly number: (option: string, least: number, most?: number) => number | null;
  readonly connection: () => Connection;
  readonly client: () => Client;
  /** One answer, or the end of the command: a refusal, or nobody answered. */
  readonly ask: <Name extends PlainRouteName>(name: Name, ...rest: Arguments<Name>) => Promise<Answer<Name>>;
  /** The value of an answer that was waited for by other means; a refusal ends the command. */
  readonly answered: <Value>(reply: ReplyOf<Value>) => Value;
  readonly print: (text: string) => Promise<void>;
  readonly printJson: (value: unknown) => Promise<void>;
  readonly printTable: (columns: readonly Column[], rows: readonly (readonly Cell[])[]) => Promise<void>;
  readonly printFacts: (facts: readonly (readonly [name: string, value: string])[]) => Promise<void>;
  /** To people, beside the result. */
  readonly note: (text: string) => void;
  readonly colours: boolean;
};

type ReplyOf<Value> =
  | { readonly kind: "answer"; readonly value: Value }
  | { readonly kind: "problem"; readonly problem: Problem };

export function makeCall(
  parsed: Parsed,
  known: readonly Option[],
  terminal: Terminal,
  language: Language,
  say: Say,
): Call {
  const one = (option: string) => parsed.options.get(option)?.at(-1) ?? null;
  const json = parsed.options.has("json");
  const colours = wantsColours(terminal);
  let connection: Connection | null = null;
  const connect = () => (connection ??= connectionFor(one("server"), terminal, say));
  const client = () => {
    const { url, token } = connect();
    return createClient({ baseUrl: url, token: () => token, language: () => language, fetch: quickest });
  };
  const answered = <Value>(reply: ReplyOf<Value>): Value => {
    if (reply.kind === "answer") return reply.value;
    throw reply.problem.status === 401 && connect().token === null
      ? new Stop(exitCodes.notSignedIn, say("notSignedIn", { server: connect().url }), reply.problem)
      : stopOf(reply.problem);
  };
  const print = (text: string) => terminal.out(text);
  const note = (text: string) => terminal.error(`${plainLines(text)}\n`);
  return {
    terminal,
    language,
    say,
    json,
    operands: parsed.operands,
    passedOn: parsed.passedOn,
    known,
    afterDashes: parsed.afterDashes,
    has: (option) => parsed.options.has(option),
    one,
    all: (option) => parsed.options.get(option) ?? [],
    number: (option, least, most) => {
      const value = one(option);
      if (value === null) return null;
      const isWhole = /^\d{1,15}$/.test(value) && Number(value) >= least;
      if (isWhole && (most === undefined || Number(value) <= most)) return Number(value);
      const expected = most === undefined ? say("expectedNumber", { least }) : say("expectedRange", { least, most });
      throw badValue(say, `--${option}`, value, expected);
    },
    connection: connect,
    client,
    ask: async (name, ...rest) => answered(await client().call(name, ...rest)),
    answered,
    print,
    printJson: (value) => print(`${JSON.stringify(value, null, terminal.outIsTerminal ? 2 : 0)}\n`),
    printTable: async (columns, rows) => {
      const width = { columns: terminal.outIsTerminal ? terminal.columns : null, colours };
      const { text, leftOut } = await tableOf(columns, rows, width);
      await print(text);
      if (leftOut.length > 0) note(say("columnsLeftOut", { columns: leftOut.join(say("comma")) }));
    },
    printFacts: async (facts) => print(await factsText(facts)),
    note,
    colours,
  };
}

/** Streams are read as they come, and https needs more than a socket. */
const quickest: NonNullable<ClientSettings["fetch"]> = (url, init) => {
  const accept = new Map(Object.entries(init.headers ?? {})).get("accept");
  return url.startsWith("http:") && !accept?.startsWith("text/event-stream") ? plainHttp(url, init) : fetch(url, init);
};

export function badValue(say: Say, option: string, value: string, expected: string): Stop {
  return new Stop(exitCodes.usage, say("badValue", { option, value: JSON.stringify(value), expected }));
}

/** `123` or `123_7`. */
export function taskOperand({ say }: Call, text: string): { readonly job: number; readonly index: number | null } {
  const name = parseTaskName(text);
  if (name) return name;
  throw badValue(say, placeholders("JOB", say), text, say("expectedJob"));
}

/** Why nobody answered: the system's word for it where there is one. */
export function unreachable(error: NoAnswer, say: Say): Stop {
  if (error.foreign) return new Stop(exitCodes.unreachable, say("notWeir", { words: error.message }));
  const { server } = error;
  const words = server === null ? error.message : say("notAnswered", { server, cause: causeWords(error) });
  return new Stop(exitCodes.unreachable, say("noAnswer", { words }));
}

/** Refused by the machine itself: the request never got there. */
export function neverSent(error: NoAnswer): boolean {
  const cause = error.cause instanceof Error ? (error.cause.cause ?? error.cause) : error.cause;
  return isCode(cause, "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH");
}

function causeWords(error: NoAnswer): string {
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string") return cause.code;
    if (!(cause.cause instanceof Error)) return cause.message;
  }
  return error.message;
}

/** https://no-color.org, and dumb terminals. */
function wantsColours({ environment, outIsTerminal }: Terminal): boolean {
  return outIsTerminal && !environment.NO_COLOR && environment.TERM !== "dumb";
}
