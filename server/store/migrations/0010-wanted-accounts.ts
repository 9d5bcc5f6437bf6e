/**
 * Who needs an account at a centre whose runs are local users' own, and how far the centre is with it. `settled_ms`: when
 * the centre last said so; null: it has not answered yet.
 */
export const sql = `
create table wanted_account (
  centre_id text not null references centre,
  person_id bigint not null references person,
  project_id bigint not null references project,
  readiness text not null default 'requested' check (readiness in ('requested', 'created', 'ready', 'removed')),
  since_ms bigint not null,
  settled_ms bigint,
  primary key (centre_id, person_id, project_id)
);
`;
