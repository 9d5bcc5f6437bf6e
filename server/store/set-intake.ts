import { type Intake, type IntakeStep, moveIntake, resultOf, withdrawsWaiting } from "#core/centre/intake.ts";
import type { CentreId, PersonId } from "#core/ids.ts";
import type { Refusal } from "#core/refusal.ts";
import { askBack } from "./ask-back.ts";
import { noteAct } from "./note-act.ts";
import { retentionDaysText } from "./read/centre-intake.ts";
import type { Transaction } from "./transaction.ts";

export type IntakeSet =
  | { readonly kind: "set"; readonly intake: Intake }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/**
 * Takes a step of a centre's intake, by the one table in core/centre/intake.ts. Where what waits is to go elsewhere, each
 * run that has not started is asked back; its agent says whether it came back or had started. `person` null: the network
 * itself, which parts with a centre that leaves and of which nothing is left.
 */
export async function setIntake(
  transaction: Transaction,
  centre: CentreId,
  step: IntakeStep | "part",
  person: PersonId | null,
): Promise<IntakeSet> {
  const { client } = transaction;
  const { rows } = await client.query<{ intake: Intake }>("select intake from centre where id = $1 for update", [
    centre,
  ]);
  const from = rows[0]?.intake;
  if (!from) return { kind: "refused", refusal: { kind: "not-found", what: "centre", id: centre } };
  // Asked again, it is as it was asked for.
  if (from === resultOf[step]) return { kind: "set", intake: from };
  const moved = moveIntake(from, step);
  if (moved.kind === "illegal")
    return { kind: "refused", refusal: { kind: "centre-step", centre, from, step, legal: moved.legal } };
  const { intake } = moved;
  await client.query("update centre set intake = $2 where id = $1", [centre, intake]);
  await noteStep(transaction, centre, step, person);
  if (withdrawsWaiting[intake])
    await askBack(transaction, {
      centre,
      cause: `${step}: ${centre} takes nothing new, and what waits there goes elsewhere`,
    });
  if (intake === "left") {
    await client.query("update centre set life_cycle = 'retired' where id = $1", [centre]);
    await endCredentials(transaction, centre);
    await beHomeOfNobody(transaction, centre);
  }
  return { kind: "set", intake };
}

/** The agent's own ends with the retention, in which users fetch their output; tokens to join by, and what is spent, now. */
async function endCredentials({ client, nowMs }: Transaction, centre: CentreId): Promise<void> {
  await client.query(
    `with kept as (select $2::bigint + ${retentionDaysText} * 86400000::bigint as until_ms from centre c where id = $1),
     lasting as (
       update centre_credential set expires_ms = kept.until_ms, revoked_ms = kept.until_ms from kept
       where centre_id = $1 and kind = 'credential' and spent_ms is null and expires_ms > $2 and kept.until_ms > $2
       returning id
     )
     update centre_credential set spent_ms = coalesce(spent_ms, $2), revoked_ms = $2
     where centre_id = $1 and revoked_ms is null and not exists (select from lasting where lasting.id = centre_credential.id)`,
    [centre, nowMs],
  );
}

async function beHomeOfNobody({ client, nowMs }: Transaction, centre: CentreId): Promise<void> {
  const { rowCount } = await client.query("update tenant set home_centre = null where home_centre = $1", [centre]);
  if (rowCount === 0) return;
  await client.query("insert into event (at_ms, kind, centre_id, cause) values ($1, 'homes-changed', $2, $3)", [
    nowMs,
    centre,
    `part: ${centre} has left and is nobody's home`,
  ]);
}

/** Takes every credential and open enrolment token of a centre from it; its agent is refused from then on. */
export async function revokeCredentials(
  transaction: Transaction,
  centre: CentreId,
  person: PersonId,
): Promise<number | null> {
  const { client, nowMs } = transaction;
  const known = await client.query("select from centre where id = $1 for update", [centre]);
  if (known.rowCount === 0) return null;
  const { rowCount } = await client.query(
    `update centre_credential set spent_ms = $2, revoked_ms = $2
     where centre_id = $1 and spent_ms is null and expires_ms > $2`,
    [centre, nowMs],
  );
  await noteStep(transaction, centre, "revoke", person);
  return rowCount ?? 0;
}

async function noteStep(
  { client, nowMs }: Transaction,
  centre: CentreId,
  step: IntakeStep | "part" | "revoke",
  person: PersonId | null,
): Promise<void> {
  await client.query("insert into centre_step (centre_id, step, person_id, at_ms) values ($1, $2, $3, $4)", [
    centre,
    step,
    person,
    nowMs,
  ]);
  await noteAct(client, {
    by: person,
    about: { kind: "centre", id: centre },
    act: { kind: "intake-set", step },
    nowMs,
  });
  const cause = person === null ? `${step}: nothing is left there` : `person:${person}: ${step}`;
  await client.query("insert into event (at_ms, kind, centre_id, cause) values ($1, 'centre-changed', $2, $3)", [
    nowMs,
    centre,
    cause,
  ]);
}
