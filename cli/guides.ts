import { commands, commonOptions } from "#cli/commands.ts";
import type { Option } from "#cli/option.ts";
import { sayIn } from "#cli/words.ts";
import { phrases } from "#core/job/phrase.ts";
import { type Handling, sbatchOptions } from "#core/job/sbatch-options.ts";
import { bearer, legalSteps, stateKinds } from "#core/job/state.ts";
import { unreachable } from "#core/unreachable.ts";

/**
 * The parts of docs/guides that are printed from tables of the code. `WEIR_WRITE_GUIDES=1 node --test cli/guides.test.ts`
 * writes them into the pages; without it the test compares.
 */
export const guides: readonly { readonly page: string; readonly name: string; readonly text: () => string }[] = [
  { page: "docs/guides/cli.md", name: "commands", text: commandsText },
  { page: "docs/guides/sbatch.md", name: "options", text: sbatchText },
  { page: "docs/guides/states.md", name: "states", text: statesText },
];

/** The page with the part between `<!-- name -->` and `<!-- end of name -->` replaced; null where it has no such marks. */
export function withPart(page: string, name: string, text: string): string | null {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) return null;
  return `${page.slice(0, from + begin.length)}\n\n${text}\n${page.slice(to)}`;
}

function commandsText(): string {
  const say = sayIn("en");
  const option = ({ long, short, value, words }: Option) => {
    const names = [`--${long}`, ...(short ? [`-${short}`] : [])].join(", ");
    return `- \`${names}${value === undefined ? "" : ` ${value}`}\`: ${say(words)}`;
  };
  const sections = commands.map((command) => {
    const name = ["weir", ...command.words].join(" ");
    const examples = command.examples.map(([line, words]) => `# ${say(words)}\n${line}`);
    return [
      `### \`${[name, command.operands].join(" ").trim()}\``,
      `${say(command.summary)}.`,
      ...(command.options.length > 0 ? [command.options.map(option).join("\n")] : []),
      `\`\`\`sh\n${examples.join("\n")}\n\`\`\``,
    ].join("\n\n");
  });
  return [`Every command takes:\n\n${commonOptions.map(option).join("\n")}`, ...sections, ""].join("\n\n");
}

function statesText(): string {
  const steps = stateKinds.map((kind) => `| ${kind} | ${legalSteps[kind].join(", ") || "none: it is final"} |`);
  const payers = {
    tenant: "yes",
    nobody: "no",
    "until-checkpoint": "up to its last checkpoint; no where it declared none",
    "by-canceller":
      "yes where a user or a rule of the network cancelled, or where the centre's engine does not say who did",
  };
  const ends = Object.entries(bearer).map(([kind, payer]) => `| ${kind} | ${payers[payer]} |`);
  return [
    "| state | steps out of it |\n|---|---|",
    ...steps,
    "\nHow a run ends, and whether its time is billed (`withdrawn`, `duplicate` and `requeued` end a run, never a task;",
    "`signalled` is shown as failed, with the signal):\n",
    "| end | billed |\n|---|---|",
    ...ends,
    "",
  ].join("\n");
}

function sbatchText(): string {
  const rows = sbatchOptions.map(({ long, short, handling }) => {
    const names = short ? `\`--${long}\`, \`-${short}\`` : `\`--${long}\``;
    const [how, words] = handlingWords(handling);
    return `| ${names} | ${how} | ${words.replaceAll("|", "\\|")} |`;
  });
  return ["| option | handling | |", "|---|---|---|", ...rows, ""].join("\n");
}

function handlingWords(handling: Handling): readonly [string, string] {
  switch (handling.kind) {
    case "mapped":
      return ["taken", handling.to];
    case "harmless":
      return ["left out, with a warning", phrases[handling.because][0]];
    case "client":
      return ["`weir submit` alone", phrases[handling.how][0]];
    case "refused":
      return ["refused", phrases[handling.because][0]];
    case "not-offered":
      return ["not offered", `${handling.what}: a centre cannot be asked for one yet`];
    default:
      return unreachable(handling);
  }
}
