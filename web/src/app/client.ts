import { type Answer, type Arguments, createClient, type PlainRouteName } from "#api/client.ts";
import type { Problem } from "#api/values.ts";
import { language } from "./language.ts";

/** The API at the very address this page came from; the session is a cookie the page never sees. */
export const client = createClient({ language });

/** One request; a refusal is thrown as `Refused`, which is how TanStack Query tells success from failure. */
export async function ask<Name extends PlainRouteName>(name: Name, ...rest: Arguments<Name>): Promise<Answer<Name>> {
  const reply = await client.call(name, ...rest);
  if (reply.kind === "problem") throw new Refused(reply.problem);
  return reply.value;
}

/** The server said no and why; pages show `problem.title` and `problem.detail` as they are. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(`${problem.title}: ${problem.detail}`);
    this.problem = problem;
  }
}

export function isRefused(error: unknown, status: number): boolean {
  return error instanceof Refused && error.problem.status === status;
}

/** What was wrong with which part of the request, `a.b[0]`, in the reader's words; of any other error none. */
export function issuesOf(error: unknown): readonly { readonly path: string; readonly words: string }[] {
  const issues = error instanceof Refused ? error.problem.facts?.issues : undefined;
  if (!Array.isArray(issues)) return [];
  return issues.flatMap((issue: unknown) =>
    typeof issue === "object" &&
    issue !== null &&
    "path" in issue &&
    typeof issue.path === "string" &&
    "words" in issue &&
    typeof issue.words === "string"
      ? [{ path: issue.path, words: issue.words }]
      : [],
  );
}
