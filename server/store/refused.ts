import pg from "pg";
import type { Refusal } from "#core/refusal.ts";

/** What a statement that failed means for the one who asked, in PostgreSQL's own words. */
export function refusedByStore(error: unknown): { readonly kind: "refused"; readonly refusal: Refusal } {
  if (error instanceof pg.DatabaseError && isAboutTheData(error.code ?? ""))
    return { kind: "refused", refusal: { kind: "store-refused", words: wordsOf(error) } };
  return unavailable(`PostgreSQL failed (${wordsOf(error)})`);
}

export function unavailable(words: string): { readonly kind: "refused"; readonly refusal: Refusal } {
  return { kind: "refused", refusal: { kind: "store-unavailable", words } };
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The class of SQLSTATE (appendix A of the manual): 22 data exception, 23 constraint, 54 program limit, P0 raised by a
 * trigger. The others (53 out of disk or memory, 40 deadlock, 57, 58, XX) say nothing about what was asked.
 */
function isAboutTheData(code: string): boolean {
  return ["22", "23", "54", "P0"].includes(code.slice(0, 2));
}
