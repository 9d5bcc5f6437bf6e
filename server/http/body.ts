import { isUtf8 } from "node:buffer";
import { type Phrase, phrase } from "#core/job/phrase.ts";
import type { Refusal } from "#core/refusal.ts";
import { structureTrouble } from "./json-structure.ts";

/**
 * The JSON value of a request's body, or why it is none. Beyond RFC 8259 it refuses what nothing downstream can carry:
 * bytes that are not UTF-8, NUL and lone surrogates in any string, the key `__proto__`, and a member that is there twice,
 * of which every reader takes another.
 * An empty body is `{}`, so that a POST that needs no fields can be sent without one.
 */
export function parseBody(bytes: Buffer): ParsedBody {
  if (bytes.length === 0) return { kind: "parsed", value: {}, text: "" };
  if (!isUtf8(bytes)) return refuse({ kind: "malformed-json", words: phrase("not-utf8") });
  const text = bytes.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(startsWithMark(bytes) ? text.slice(1) : text);
  } catch (error) {
    return refuse({ kind: "malformed-json", words: troubleOf(error) });
  }
  const trouble = structureTrouble(text, value);
  if (trouble !== null) return refuse({ kind: "invalid-request", issues: [trouble] });
  // UTF-8 cannot carry a lone surrogate and JSON cannot carry a bare NUL: both come by escapes only.
  if (!suspicious.test(text)) return { kind: "parsed", value, text };
  const refusal = findUncarried(value, "");
  return refusal ? refuse(refusal) : { kind: "parsed", value, text };
}

/** What the parser of JSON found: its words are English alone, the place is for everybody. */
function troubleOf(error: unknown): Phrase {
  const said = error instanceof Error ? error.message : String(error);
  const [, line, column] = /\(line (\d+) column (\d+)\)/.exec(said) ?? [];
  if (line !== undefined && column !== undefined)
    return phrase("json-wrong-at", { said: said.replace(/ in JSON at position .*$/, ""), line, column });
  return said.startsWith("Unexpected end") ? phrase("json-cut-off") : phrase("json-wrong", { said });
}

export type ParsedBody =
  /** `text`: all of the body. */
  | { readonly kind: "parsed"; readonly value: unknown; readonly text: string }
  | { readonly kind: "refused"; readonly refusal: Refusal };

const suspicious = /__proto__|\\u(?:0000|005[fF]|[dD][89a-fA-F])/;

/** The byte order mark that some editors put before a document. */
function startsWithMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

function refuse(refusal: Refusal): ParsedBody {
  return { kind: "refused", refusal };
}

function findUncarried(value: unknown, path: string): Refusal | null {
  if (typeof value === "string") return textRefusal(value, path || "body");
  if (typeof value !== "object" || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const innerPath = Array.isArray(value) ? `${path}[${key}]` : `${path}${path ? "." : ""}${key}`;
    if (key === "__proto__")
      return { kind: "invalid-request", issues: [{ path: innerPath, words: phrase("no-proto") }] };
    const refusal = textRefusal(key, `a name in ${path || "body"}`) ?? findUncarried(inner, innerPath);
    if (refusal) return refusal;
  }
  return null;
}

function textRefusal(text: string, field: string): Refusal | null {
  if (text.includes("\0")) return { kind: "not-text", field, found: "NUL" };
  if (!text.isWellFormed()) return { kind: "not-text", field, found: "lone surrogate" };
  return null;
}
