/** Policies that were set, the newest in force; and what the order of work goes by, so that it outlives a restart. */
export const sql = `
-- \`file\`: the policy file as it was given; what it leaves out is filled in by whoever reads it.
create table policy (
  version bigint generated always as identity primary key,
  file jsonb not null,
  person_id bigint not null references person,
  at_ms bigint not null
);
-- Usage and run times of work that is over, as the scheduler had them when it had taken in the feed up to (xid, seq).
create table order_memory (
  one boolean primary key default true check (one),
  xid xid8 not null,
  seq bigint not null,
  memory text not null
);
`;
