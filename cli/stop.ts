import type { Problem } from "#api/values.ts";
import { inNetworkTime } from "#cli/formats.ts";

/** The exit codes of every command but `submit --wait`. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3, notSignedIn: 4, unreachable: 5 } as const;

/** Ends the command from anywhere in it, with words for the user; `run` is the only one that catches it. */
export class Stop extends Error {
  override readonly name = "Stop";
  readonly exitCode: number;
  readonly problem: Problem | null;

  constructor(exitCode: number, words: string, problem: Problem | null = null) {
    super(words);
    this.exitCode = exitCode;
    this.problem = problem;
  }
}

/** `Title. Detail`; where the detail has several lines, each below the title. */
function problemWords({ title, detail }: Problem): string {
  const lines = inNetworkTime(detail).split("\n");
  const isChinese = /\p{Script=Han}/u.test(title);
  return lines.length === 1
    ? `${title}${isChinese ? "。" : ". "}${lines[0]}`
    : [`${title}${isChinese ? "：" : ":"}`, ...lines.map((line) => `  ${line}`)].join("\n");
}

/** A refusal of the server. 401 is "not signed in"; what begins with 5 is the server's own trouble. */
export function stopOf(problem: Problem): Stop {
  const code =
    problem.status === 401 ? exitCodes.notSignedIn : problem.status >= 500 ? exitCodes.failed : exitCodes.refused;
  return new Stop(code, problemWords(problem), problem);
}
