import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";

/**
 * What the network hears of a local user: a key that is the same for all who run as that user, made under a secret of this
 * agent that never leaves its folder (P2). Nobody else can make it out of a name, nor a name out of it. Where the secret is
 * lost all keys are others, and what the network counted by them it counts by the new ones.
 */
export function openAccountKeys(path: string): (user: string) => string {
  const secret = readSecret(path) ?? makeSecret(path);
  const known = new Map<string, string>();
  return (user) => {
    const key = known.get(user) ?? createHmac("sha256", secret).update(user).digest("hex").slice(0, keyLength);
    known.set(user, key);
    return key;
  };
}

/** 64 bits: of a hundred thousand users two come out alike once in four thousand million centres. */
const keyLength = 16;

function readSecret(path: string): Buffer | null {
  try {
    const text = readFileSync(path, "utf8").trim();
    return /^[0-9a-f]{64}$/.test(text) ? Buffer.from(text, "hex") : null;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

function makeSecret(path: string): Buffer {
  const secret = randomBytes(32);
  writeFileSync(`${path}.new`, `${secret.toString("hex")}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
  return secret;
}
