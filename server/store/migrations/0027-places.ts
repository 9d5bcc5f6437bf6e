/** Where work of a tenant and of a project may go, and the agreements between regions; null and none: anywhere. */
export const sql = `
-- \`{"region": "cn-sd", "residency": ["cn"], "domestic": true}\`; of a project without \`region\`.
alter table tenant add column place jsonb;
alter table project add column place jsonb;
-- The newest is in force.
create table region_agreements (
  version bigint generated always as identity primary key,
  document jsonb not null,
  person_id bigint not null references person,
  at_ms bigint not null
);
`;
