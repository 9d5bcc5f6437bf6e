import { hash, randomBytes } from "node:crypto";

/**
 * A secret of 32 random bytes behind a prefix that says what it opens, so that one found in a log or a repository can be
 * named. The store keeps `hash` alone: with 256 bits there is nothing to guess, so no slow hash is needed.
 */
export function newSecret(kind: SecretKind): { readonly secret: string; readonly hash: Buffer } {
  const secret = `${prefixes[kind]}${randomBytes(32).toString("base64url")}`;
  return { secret, hash: hashSecret(secret) };
}

export function hashSecret(secret: string): Buffer {
  return hash("sha256", secret, "buffer");
}

export type SecretKind = "code" | "session" | "token" | "enrolment" | "credential";

const prefixes = {
  code: "weir-code-",
  session: "weir-session-",
  token: "weir-token-",
  enrolment: "weir-enrolment-",
  credential: "weir-centre-",
} as const satisfies Record<SecretKind, string>;
