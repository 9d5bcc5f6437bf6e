/**
 * Terms and intake of centres, each with its history; what is known of a run that waits in a centre's own queue; and
 * credentials that were revoked, so that who presents one is told.
 */
export const sql = `
alter table centre add column intake text not null default 'open'
  check (intake in ('open', 'draining', 'suspended', 'leaving', 'left'));
-- The newest of a centre is in force; one that has none has the default of its driver.
create table centre_terms (
  id bigint generated always as identity primary key,
  centre_id text not null references centre,
  terms jsonb not null,
  person_id bigint not null references person,
  at_ms bigint not null
);
create index centre_terms_centre on centre_terms (centre_id, id);
-- What was done with a centre as a whole: drain, suspend, resume, leave, part, revoke. person_id null: the network itself.
create table centre_step (
  id bigint generated always as identity primary key,
  centre_id text not null references centre,
  step text not null,
  person_id bigint references person,
  at_ms bigint not null
);
create index centre_step_centre on centre_step (centre_id, id);
alter table run add column waiting jsonb, add column withdraw_ms bigint;
-- When an administrator last asked for a rotation: its agent is told until no older credential is good any more.
alter table centre add column rotate_ms bigint;
alter table centre_credential add column revoked_ms bigint;
`;
