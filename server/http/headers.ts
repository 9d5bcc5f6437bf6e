import type { Refusal } from "#core/refusal.ts";
import { type Language, problemOf, RefusedRequest } from "./problem.ts";
import { isStoreTrouble } from "./store-trouble.ts";

/** Of every answer. The console's styles are written by its component library at run time, hence unsafe-inline. */
export const securityHeaders = {
  "content-security-policy":
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

export const jsonType = "application/json; charset=utf-8";
export const problemType = "application/problem+json; charset=utf-8";

/** An answer as it goes out; `headers` are names and values in turn. */
export type Answered = { readonly status: number; readonly headers: readonly string[]; readonly text: string };

export function answeredWith(status: number, text: string): Answered {
  return { status, headers: [...answerHeaders, "content-length", String(Buffer.byteLength(text))], text };
}

/** The RFC 9457 answer to a refusal. */
export function problemWith(refusal: Refusal, language: Language, at?: string): Answered {
  const problem = problemOf(refusal, language, at);
  const text = JSON.stringify(problem);
  const headers = [
    ...always,
    "content-type",
    problemType,
    "content-length",
    String(Buffer.byteLength(text)),
    ...Object.entries(headersOfProblem(refusal, problem.status, language)).flat(),
  ];
  return { status: problem.status, headers, text };
}

export function headersOfProblem(
  refusal: Refusal,
  status: number,
  language: Language,
): Readonly<Record<string, string>> {
  return {
    ...(status === 401 && { "www-authenticate": "Bearer" }),
    ...(refusal.kind === "too-many-requests" && { "retry-after": String(refusal.retryAfterS) }),
    ...(refusal.kind === "store-unavailable" && { "retry-after": "1" }),
    "content-language": language,
    "cache-control": "no-store",
    vary: "accept-language",
  };
}

/** What an error that was thrown on the way means in Weir's words; null: our own mistake. */
export function faultOf(error: unknown): Refusal | null {
  if (error instanceof RefusedRequest) return error.refusal;
  if (isStoreTrouble(error)) return { kind: "store-unavailable", words: "PostgreSQL is not answering right now" };
  return null;
}

const always = Object.entries(securityHeaders).flat();
const answerHeaders = [...always, "cache-control", "no-store", "content-type", jsonType];
