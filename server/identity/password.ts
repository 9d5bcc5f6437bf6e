import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** The PHC string (github.com/P-H-C/phc-string-format) of a password: argon2id with its parameters and a fresh salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const tag = await derive(password, salt, cost);
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${base64(salt)}$${base64(tag)}`;
}

/**
 * Whether it is the password of that hash. Without one (null: no such person, or none set) it takes as long and is
 * false, so that the time of an answer does not tell which names exist.
 */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  const parts = phc.exec(hash ?? dummy);
  if (!parts) throw new Error("a password hash is not an argon2id PHC string");
  const [, memory, passes, parallelism, salt = "", expected = ""] = parts;
  const tag = Buffer.from(expected, "base64");
  const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const actual = await derive(password, Buffer.from(salt, "base64"), parameters, tag.length);
  return timingSafeEqual(actual, tag) && hash !== null;
}

type Cost = Pick<Argon2Parameters, "memory" | "passes" | "parallelism">;

/** OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane. Memory is in KiB. */
const cost: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const phc = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/;
const dummy = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${"A".repeat(22)}$${"A".repeat(43)}`;

const argon2Async = promisify(argon2);
/** Two at a time: sign-ins must not take the whole machine's memory and cores. */
const mostAtOnce = 2;
let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Buffer, parameters: Cost, tagLength = 32): Promise<Buffer> {
  if (running >= mostAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    return await argon2Async("argon2id", { ...parameters, message: password, nonce: salt, tagLength });
  } finally {
    running--;
    waiting.shift()?.();
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
