import * as z from "zod";
import { centreName, id, page, text, timeMs } from "#api/values.ts";
import { checkNames, grades, verdicts } from "#core/centre/connection-test.ts";

/** One check of a connection test with its evidence: what was asked, what was seen, by the agent's clock. */
export const checkResult = z
  .strictObject({
    check: z.enum(checkNames),
    verdict: z.enum(verdicts),
    asked: text(1000),
    seen: text(4000),
    startedMs: timeMs,
    tookMs: z.int().min(0),
  })
  .meta({ id: "CheckResult" });

/** A check that cost something: `leaves` is the best grade it left, null: none. */
const cost = z.strictObject({
  check: z.enum(checkNames),
  why: z.enum(["failed", "not-offered", "not-run"]),
  leaves: z.enum(grades).nullable(),
});

/**
 * A connection test. `ended`: its report has come and was graded; `abandoned`: none came in time. `document` is the
 * report as it was signed, to the byte; `signature` (Ed25519, base64) is over its bytes by the key `key`.
 */
export const connectionTest = z
  .strictObject({
    id,
    centre: centreName,
    state: z.enum(["asked", "running", "ended", "abandoned"]),
    askedBy: z.string(),
    askedMs: timeMs,
    endedMs: timeMs.nullable(),
    pool: z.string().nullable(),
    checks: z.array(checkResult),
    /** How many there are in all. */
    of: z.int(),
    /** null: not ended, or not passed. */
    grade: z.enum(grades).nullable(),
    costs: z.array(cost),
    document: z.string().nullable(),
    signature: z.string().nullable(),
    key: z.string().nullable(),
  })
  .meta({ id: "ConnectionTest" });
export type ConnectionTest = z.infer<typeof connectionTest>;
export const connectionTestsPage = page("tests", connectionTest).meta({ id: "ConnectionTestsPage" });

export const newConnectionTest = z
  .strictObject({
    /** Test that pool; else the first that is up. */
    pool: text(255).optional(),
    /** The project that the test's runs name, where the centre maps projects; else the caller's first. */
    project: text(63).optional(),
  })
  .meta({ id: "NewConnectionTest" });

/** Public keys of the network, newest first; older ones stay, so that what they signed can be verified. */
export const networkKeys = z
  .strictObject({
    keys: z.array(
      z.strictObject({ id: z.string(), algorithm: z.literal("Ed25519"), publicKeyPem: z.string(), createdMs: timeMs }),
    ),
  })
  .meta({ id: "NetworkKeys" });
