/**
 * Connection tests of centres: what was asked, the checks as they come, and the signed report as it was signed, to the
 * byte. One at a time for each centre. Public keys stay for ever: what they signed must stay verifiable.
 */
export const sql = `
create table network_key (
  id text primary key,
  public_pem text not null,
  created_ms bigint not null
);
create table connection_test (
  id bigint generated always as identity primary key,
  centre_id text not null references centre,
  person_id bigint not null references person,
  project_id bigint not null references project,
  pool text,
  state text not null default 'asked' check (state in ('asked', 'running', 'ended', 'abandoned')),
  asked_ms bigint not null,
  told_ms bigint,
  ended_ms bigint,
  checks jsonb not null default '[]',
  costs jsonb not null default '[]',
  grade text check (grade in ('A', 'B', 'C')),
  document text,
  signature text,
  key_id text references network_key
);
create unique index connection_test_open on connection_test (centre_id) where state in ('asked', 'running');
create index connection_test_centre on connection_test (centre_id, id);
`;
