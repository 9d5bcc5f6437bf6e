import { NoAnswer } from "#api/client.ts";
import { makeCall, unreachable } from "#cli/call.ts";
import { type Command, commands, commonOptions, findCommand } from "#cli/commands.ts";
import { isCode } from "#cli/connection.ts";
import { type Foreign, type ParseTrouble, parseOptions } from "#cli/option.ts";
import { placeholders } from "#cli/placeholder.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { plainLines } from "#cli/table.ts";
import type { Terminal } from "#cli/terminal.ts";
import { type Say, sayIn } from "#cli/words.ts";
import { notItsOwnCode } from "#core/job/exit-code.ts";
import { type Language, languageOf } from "#core/language.ts";
import { nearestName } from "#core/nearest-name.ts";

/** Does what was typed, and gives the exit status. Throws only where the terminal itself fails. */
export async function run(typed: readonly string[], terminal: Terminal): Promise<number> {
  const language = languageAsked(typed) ?? languageOf(terminal.environment);
  const say = sayIn(language);
  const waits = typed[0] === "submit" && untilDashes(typed).some((word) => word === "--wait" || word === "-W");
  try {
    return await dispatch(typed, terminal, language, say);
  } catch (error) {
    // Who reads no further is not in need of more.
    if (isCode(error, "EPIPE")) return exitCodes.done;
    const stop = stopFor(error, say);
    const isJson = stop.problem !== null && untilDashes(typed).includes("--json");
    if (isJson) await terminal.out(`${JSON.stringify({ problem: stop.problem })}\n`);
    terminal.error(`weir: ${plainLines(stop.message)}\n`);
    // Where the words typed make no sense nothing was asked of Weir, and there is no job whose code this could be.
    if (!waits || stop.exitCode === exitCodes.usage) return stop.exitCode;
    const key =
      stop.exitCode === exitCodes.unreachable
        ? "unreachedWhileWaiting"
        : stop.exitCode === exitCodes.failed
          ? "failedWhileWaiting"
          : "refusedWhileWaiting";
    terminal.error(`weir: ${say(key)}\n`);
    return notItsOwnCode;
  }
}

function stopFor(error: unknown, say: Say): Stop {
  if (error instanceof Stop) return error;
  if (error instanceof NoAnswer) return unreachable(error, say);
  return new Stop(exitCodes.failed, say("ownFault", { words: detail(error) }));
}

async function dispatch(typed: readonly string[], terminal: Terminal, language: Language, say: Say): Promise<number> {
  const words = withoutLeadingCommon(typed);
  if (words.rest.length === 0 || ["help", "--help", "-h"].includes(words.rest[0] ?? "")) {
    const named = words.rest[0] === "help" ? words.rest.slice(1) : [];
    return help(named, terminal, say);
  }
  if (["version", "--version", "-V"].includes(words.rest[0] ?? "")) {
    const { version } = await import("#cli/version.ts");
    await terminal.out(`weir ${version}\n`);
    return exitCodes.done;
  }
  const command = findCommand(words.rest);
  if (!command && words.rest.some((word) => word === "--help" || word === "-h")) {
    return help(
      words.rest.slice(
        0,
        words.rest.findIndex((word) => word.startsWith("-")),
      ),
      terminal,
      say,
    );
  }
  if (!command) throw new Stop(exitCodes.usage, unknownWords(words.rest, say));
  const behind = [...words.common, ...words.rest.slice(command.words.length)];
  const options = [...command.options, ...commonOptions];
  const parsed = parseOptions(behind, options, command.likeSbatch ? await sbatchForeign() : null);
  const helpAsked = untilDashes(behind).some((word) => word === "--help" || word === "-h");
  if (helpAsked && (!("options" in parsed) || parsed.options.has("help"))) return help(command.words, terminal, say);
  if (!("options" in parsed)) throw new Stop(exitCodes.usage, troubleWords(parsed.trouble, command, say));
  const [least, most] = command.takes;
  const [name, count] = [command.words.join(" "), parsed.operands.length];
  if (count < least)
    throw new Stop(
      exitCodes.usage,
      say("tooFewOperands", { command: name, operands: placeholders(command.operands, say) }),
    );
  if (count > most) {
    const operand = JSON.stringify(parsed.operands[most]);
    const job = name === "jobs" ? /^\d+(?:_\d+)?$/.exec(parsed.operands[most] ?? "")?.[0] : undefined;
    if (job !== undefined) throw new Stop(exitCodes.usage, say("oneJobShown", { command: name, operand, job }));
    throw new Stop(exitCodes.usage, say("tooManyOperands", { command: name, operand }));
  }
  const act = await command.load();
  return act(makeCall(parsed, options, terminal, language, say));
}

async function help(named: readonly string[], terminal: Terminal, say: Say): Promise<number> {
  const { groupText, helpText, overviewText } = await import("#cli/help.ts");
  if (named.length === 0) {
    await terminal.out(await overviewText(say));
    return exitCodes.done;
  }
  const command = findCommand(named);
  if (command) {
    await terminal.out(await helpText(command, say));
    return exitCodes.done;
  }
  const begun = commands.filter(({ words }) => named.every((word, at) => words[at] === word));
  if (begun.length === 0) throw new Stop(exitCodes.usage, unknownWords(named, say));
  await terminal.out(await groupText(named, begun, say));
  return exitCodes.done;
}

/** sbatch's own table says which of its options take a value. */
async function sbatchForeign(): Promise<Foreign> {
  const { sbatchOptions } = await import("#core/job/sbatch-options.ts");
  const takes: Foreign["takes"] = (name) => {
    if (!name.startsWith("--")) return sbatchOptions.find(({ short }) => `-${short}` === name)?.value ?? null;
    const begun = sbatchOptions.filter(({ long }) => `--${long}`.startsWith(name));
    const option = begun.find(({ long }) => `--${long}` === name) ?? (begun.length === 1 ? begun[0] : undefined);
    return option?.value ?? null;
  };
  return { takes, longNames: sbatchOptions.map(({ long }) => long) };
}

/** `weir --json jobs` is `weir jobs --json`. */
function withoutLeadingCommon(typed: readonly string[]): {
  readonly common: string[];
  readonly rest: readonly string[];
} {
  const common: string[] = [];
  let at = 0;
  for (; at < typed.length; at += 1) {
    const word = typed[at] ?? "";
    const option = commonOptions.find(({ long }) => word === `--${long}` || word.startsWith(`--${long}=`));
    if (!option || option.long === "help") break;
    common.push(word);
    if (option.value !== undefined && !word.includes("=") && at + 1 < typed.length) common.push(typed[++at] ?? "");
  }
  return { common, rest: typed.slice(at) };
}

/** Needed before the words are read, for what is said about reading them. */
function languageAsked(typed: readonly string[]): Language | null {
  const words = untilDashes(typed);
  const at = words.findIndex((word) => word === "--lang" || word.startsWith("--lang="));
  const value = words[at]?.split("=")[1] ?? words[at + 1];
  return at >= 0 && (value === "en" || value === "zh") ? value : null;
}

function untilDashes(typed: readonly string[]): readonly string[] {
  const at = typed.indexOf("--");
  return at < 0 ? typed : typed.slice(0, at);
}

function unknownWords(words: readonly string[], say: Say): string {
  const [first = ""] = words;
  const begun = commands.filter((command) => command.words[0] === first && command.words.length > 1);
  // A group and a word it does not have: the nearest of those it has.
  const inGroup = begun.length > 0 && words.length > 1 ? nearInGroup(words, begun) : null;
  if (inGroup)
    return say("unknownCommandNear", { command: JSON.stringify(words.slice(0, 2).join(" ")), near: inGroup });
  if (begun.length > 0) {
    const further = begun.filter((command) => command.words[1] === words[1] && command.words.length > 2);
    const [named, among] = further.length > 0 ? [2, further] : [1, begun];
    const next = among.map((command) => command.words.slice(named).join(" ")).join(say("comma"));
    return say("incompleteCommand", { command: words.slice(0, named).join(" "), next });
  }
  const here = ofSlurm.get(first);
  if (here !== undefined) return say("commandOfSlurm", { command: first, here: placeholders(here, say) });
  const near = nearestName(
    first,
    commands.map((command) => command.words[0] ?? ""),
  );
  return near
    ? say("unknownCommandNear", { command: JSON.stringify(first), near })
    : say("unknownCommand", { command: JSON.stringify(first) });
}

/** What the fingers of Slurm's users type, and what does it here. */
const ofSlurm: ReadonlyMap<string, string> = new Map([
  ["sbatch", "weir submit SCRIPT"],
  ["srun", "weir submit --wait -- COMMAND"],
  ["salloc", "weir submit SCRIPT"],
  ["squeue", "weir jobs, weir why JOB"],
  ["scancel", "weir cancel JOB"],
  ["sinfo", "weir centres, weir nodes"],
  ["sacct", "weir jobs, weir show JOB"],
  ["sstat", "weir show JOB"],
  ["scontrol", "weir show JOB"],
  ["sprio", "weir why JOB"],
  ["sreport", "weir usage"],
]);

function nearInGroup(words: readonly string[], begun: readonly Command[]): string | null {
  const typed = words.filter((word) => !word.startsWith("-")).slice(1);
  const near = nearestName(
    typed[0] ?? "",
    begun.map((command) => command.words[1] ?? ""),
  );
  return near === null || near === typed[0] ? null : `${words[0]} ${near}`;
}

function troubleWords(trouble: ParseTrouble, { words }: Command, say: Say): string {
  const command = words.join(" ");
  switch (trouble.kind) {
    case "unknown":
      return trouble.nearest === null
        ? say("unknownOption", { option: trouble.option, command })
        : say("unknownOptionNear", { option: trouble.option, command, near: trouble.nearest });
    case "no-value":
      return say("optionNeedsValue", { option: trouble.option });
    case "no-value-taken":
      return say("optionTakesNoValue", { option: trouble.option });
    case "not-a-choice":
      return say("notAChoice", {
        option: trouble.option,
        value: JSON.stringify(trouble.value),
        choices: trouble.choices.join(say("comma")),
      });
  }
}

function detail(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
