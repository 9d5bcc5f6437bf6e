import { type Command, commands, commonOptions } from "#cli/commands.ts";
import type { Option } from "#cli/option.ts";
import { placeholders } from "#cli/placeholder.ts";
import { widthsFor } from "#cli/width.ts";
import type { Say } from "#cli/words.ts";

export async function overviewText(say: Say): Promise<string> {
  const rows = commands.map((command) => [command.words.join(" "), say(command.summary)] as const);
  return [
    say("helpHead"),
    "",
    `${say("helpUsage")}${say("colon")}${placeholders("weir COMMAND [OPTION…]", say)}`,
    "",
    `${say("helpCommands")}${say("colon").trimEnd()}`,
    ...(await aligned(rows)),
    "",
    `${say("helpOptions")}${say("colon").trimEnd()}`,
    ...(await aligned(commonOptions.map((option) => [optionText(option, say), say(option.words)]))),
    "",
    say("helpMore"),
    say("helpExit"),
    "",
  ].join("\n");
}

/** Of commands that begin alike: `weir centre --help`. */
export async function groupText(named: readonly string[], group: readonly Command[], say: Say): Promise<string> {
  const rows = group.map(
    ({ words, operands, summary }) =>
      [placeholders(`${words.join(" ")} ${operands}`.trim(), say), say(summary)] as const,
  );
  return [
    `${say("helpUsage")}${say("colon")}weir ${named.join(" ")} ${placeholders("COMMAND [OPTION…]", say)}`,
    "",
    `${say("helpCommands")}${say("colon").trimEnd()}`,
    ...(await aligned(rows)),
    "",
    say("helpMoreOf", { group: named.join(" ") }),
    say("helpExit"),
    "",
  ].join("\n");
}

export async function helpText(command: Command, say: Say): Promise<string> {
  const name = command.words.join(" ");
  const options = [...command.options, ...commonOptions];
  const examples = command.examples.map(([line, words]) => [line, say(words)] as const);
  return [
    say(command.summary),
    "",
    `${say("helpUsage")}${say("colon")}${placeholders(["weir", name, "[OPTION…]", command.operands].filter((word) => word !== "").join(" "), say)}`,
    "",
    `${say("helpOptions")}${say("colon").trimEnd()}`,
    ...(await aligned(options.map((option) => [optionText(option, say), say(option.words)]))),
    ...(command.likeSbatch ? ["", say("helpSbatch")] : []),
    "",
    `${say("helpExamples")}${say("colon").trimEnd()}`,
    ...examples.flatMap(([line, words]) => [`  # ${words}`, `  ${line}`]),
    "",
    say("helpExit"),
    ...(command.likeSbatch ? [say("helpExitWait")] : []),
    "",
  ].join("\n");
}

function optionText({ long, short, value }: Option, say: Say): string {
  const names = short ? `-${short}, --${long}` : `    --${long}`;
  return value === undefined ? names : `${names} ${placeholders(value, say)}`;
}

async function aligned(rows: readonly (readonly [left: string, right: string])[]): Promise<string[]> {
  const widthOf = await widthsFor(rows.map(([left]) => left));
  const widest = Math.max(...rows.map(([left]) => widthOf(left)));
  // A very long left side gets a line of its own rather than pushing everything to the right.
  const column = Math.min(widest, 34);
  return rows.map(([left, right]) =>
    widthOf(left) > column
      ? `  ${left}\n  ${" ".repeat(column)}  ${right}`
      : `  ${left}${" ".repeat(column - widthOf(left))}  ${right}`,
  );
}
