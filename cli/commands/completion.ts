import type { Call } from "#cli/call.ts";
// biome-ignore lint/suspicious/noImportCycles: it completes the list that it is one of.
import { type Command, commands, commonOptions } from "#cli/commands.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import type { Say } from "#cli/words.ts";
import { type SbatchOption, sbatchOptions } from "#core/job/sbatch-options.ts";

/** Needs no server; says nothing of jobs, which change. */
export async function completion(call: Call): Promise<number> {
  const shell = call.operands[0] ?? "";
  const scripts = { bash, zsh, fish };
  const script = Object.entries(scripts).find(([name]) => name === shell)?.[1];
  if (!script) {
    const choices = Object.keys(scripts).join(call.say("comma"));
    throw new Stop(exitCodes.usage, call.say("notAChoice", { option: "SHELL", value: JSON.stringify(shell), choices }));
  }
  await call.print(script(call.say));
  return exitCodes.done;
}

/** What may follow the words typed so far: the next words of commands, and the options of a whole one. */
function following(): readonly (readonly [typed: string, next: readonly string[], command: Command | null])[] {
  const prefixes = new Map<string, Set<string>>();
  for (const { words } of commands) {
    for (let at = 0; at < words.length; at += 1) {
      const typed = words.slice(0, at).join(" ");
      prefixes.set(typed, (prefixes.get(typed) ?? new Set()).add(words[at] ?? ""));
    }
  }
  const whole = commands.filter(({ words }) => !prefixes.has(words.join(" "))).map(({ words }) => words.join(" "));
  return [...prefixes.keys(), ...whole].map((typed) => [
    typed,
    [...(prefixes.get(typed) ?? [])],
    commands.find(({ words }) => words.join(" ") === typed) ?? null,
  ]);
}

function optionsOf(command: Command | null): readonly string[] {
  const names = [...(command?.options ?? []), ...commonOptions, ...foreignOptions(command)].flatMap(
    ({ long, short }) => (short ? [`--${long}`, `-${short}`] : [`--${long}`]),
  );
  return [...new Set(names)];
}

/** Options of sbatch that `weir submit` takes beside its own. */
function foreignOptions(command: Command | null): readonly SbatchOption[] {
  if (!command?.likeSbatch) return [];
  const own = new Set([...command.options, ...commonOptions].map(({ long }) => long));
  return sbatchOptions.filter(({ long, handling }) => handling.kind === "mapped" && !own.has(long));
}

function bash(): string {
  const cases = following().map(([typed, next, command]) => {
    const words = [...next, ...optionsOf(command)].join(" ");
    const files = command?.likeSbatch ? ' COMPREPLY+=($(compgen -f -- "$word"));' : "";
    return `    ${JSON.stringify(typed)}) COMPREPLY=($(compgen -W ${JSON.stringify(words)} -- "$word"));${files} ;;`;
  });
  return `# bash completion of weir: source <(weir completion bash)
_weir() {
  local word=\${COMP_WORDS[COMP_CWORD]} typed="" at
  for ((at = 1; at < COMP_CWORD; at++)); do
    [[ \${COMP_WORDS[at]} == -* ]] || typed="\${typed:+$typed }\${COMP_WORDS[at]}"
  done
  COMPREPLY=()
  while :; do
    case "$typed" in
${cases.map((line) => `  ${line}`).join("\n")}
      *) if [[ $typed == *" "* ]]; then typed=\${typed% *}; continue; fi; COMPREPLY=($(compgen -f -- "$word")) ;;
    esac
    break
  done
}
complete -o filenames -F _weir weir
`;
}

function zsh(): string {
  return `#compdef weir
# zsh completion of weir: source <(weir completion zsh)
autoload -U +X bashcompinit && bashcompinit
${bash().replace("# bash completion of weir: source <(weir completion bash)\n", "")}`;
}

function fish(say: Say): string {
  const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = following().flatMap(([typed, next, command]) => {
    const seen = typed === "" ? "__fish_use_subcommand" : `__weir_typed ${typed}`;
    return [
      ...next.map((word) => {
        const words = `${typed} ${word}`.trim();
        const summary = commands.find((one) => one.words.join(" ") === words)?.summary;
        const about = summary ? ` -d ${quoted(say(summary))}` : "";
        return `complete -c weir -n ${quoted(seen)} -f -a ${quoted(word)}${about}`;
      }),
      ...(command?.options ?? []).map(({ long, short, value, words, completes }) => {
        const takes = value === undefined ? "" : completes ? " -r" : " -x";
        return `complete -c weir -n ${quoted(seen)} -l ${long}${short ? ` -s ${short}` : ""}${takes} -d ${quoted(say(words))}`;
      }),
      ...foreignOptions(command).map(({ long, short, value }) => {
        const takes = value === "required" ? " -x" : "";
        return `complete -c weir -n ${quoted(seen)} -l ${long}${short ? ` -s ${short}` : ""}${takes} -d sbatch`;
      }),
    ];
  });
  const common = commonOptions.map(({ long, words }) => `complete -c weir -l ${long} -d ${quoted(say(words))}`);
  return `# fish completion of weir
function __weir_typed
  set -l words (commandline -opc)[2..-1]
  set -l plain (string match -v -- '-*' $words)
  set -l count (count $argv)
  test (count $plain) -ge $count; and test "$plain[1..$count]" = "$argv"
end
${[...lines, ...common].join("\n")}
`;
}
