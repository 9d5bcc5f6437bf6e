/**
 * What tenants and projects were granted: core-milliseconds, or thousandths of a card × milliseconds. `posted_before`: what
 * their accounts had posted when it was given, which does not count.
 */
export const sql = `
create table granted (
  tenant_id bigint references tenant,
  project_id bigint references project,
  unit text not null check (unit in ('core-ms', 'milli-card-ms')),
  amount bigint not null check (amount >= 0),
  posted_before bigint not null,
  person_id bigint not null,
  at_ms bigint not null,
  check ((tenant_id is null) <> (project_id is null))
);
create unique index granted_tenant on granted (tenant_id, unit) where tenant_id is not null;
create unique index granted_project on granted (project_id, unit) where project_id is not null;
`;
