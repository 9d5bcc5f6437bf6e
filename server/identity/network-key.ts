import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Database } from "#server/store/database.ts";

/**
 * The key by which this network signs what others should be able to verify without asking it: Ed25519, PKCS #8, in a
 * file that only the server's user reads. It is made where there is none; its public half goes to the store.
 */
export type NetworkKey = {
  /** The first 16 hexadecimal digits of the SHA-256 of the public key (SubjectPublicKeyInfo, DER). */
  readonly id: string;
  /** Base64 of the signature over the UTF-8 bytes of the text. */
  readonly sign: (text: string) => string;
};

export async function openNetworkKey(path: string, db: Database, nowMs: number): Promise<NetworkKey> {
  const secret = readKey(path) ?? makeKey(path);
  const open = createPublicKey(secret);
  const id = createHash("sha256")
    .update(open.export({ type: "spki", format: "der" }))
    .digest("hex")
    .slice(0, 16);
  await db.pool.query(
    "insert into network_key (id, public_pem, created_ms) values ($1, $2, $3) on conflict do nothing",
    [id, open.export({ type: "spki", format: "pem" }), nowMs],
  );
  return { id, sign: (text) => sign(null, Buffer.from(text, "utf8"), secret).toString("base64") };
}

function readKey(path: string): KeyObject | null {
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType === "ed25519") return key;
  throw new Error(
    `${path} is no Ed25519 key. Move it away: the server makes a new one, and older reports keep their own.`,
  );
}

function makeKey(path: string): KeyObject {
  const { privateKey } = generateKeyPairSync("ed25519");
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx", flush: true });
  return privateKey;
}
