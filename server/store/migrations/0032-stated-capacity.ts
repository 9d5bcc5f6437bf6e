/**
 * What is stated of a centre's capacity, in versions of lines that say themselves of what they are (O3). The tables of the
 * start had no way to be filled, and no place for the capacity of a centre, a site or a phase.
 */
export const sql = `
drop table capacity;
drop table device;
alter table pool drop column phase_id;
drop table phase;
drop table site;

create table centre_capacity (
  id bigint generated always as identity primary key,
  centre_id text not null references centre,
  person_id bigint not null references person,
  at_ms bigint not null
);
create index centre_capacity_centre on centre_capacity (centre_id, id);
create table capacity (
  version_id bigint not null references centre_capacity,
  line int not null,
  site text,
  phase text,
  pool text,
  device_vendor text,
  device_model text,
  device_count int check (device_count > 0),
  precision text not null check (precision in ('fp64', 'fp32', 'tf32', 'fp16', 'bf16', 'fp8', 'int8')),
  sparsity text not null check (sparsity in ('dense', 'sparse')),
  basis text not null check (basis in ('nominal', 'measured')),
  -- Of one device where the line is of devices.
  value_gigaflops bigint not null check (value_gigaflops > 0),
  life_cycle text not null check (life_cycle in ('planned', 'building', 'trial', 'in-service', 'retired')),
  in_service_from text,
  region_code text,
  evidence text not null,
  primary key (version_id, line),
  check ((device_vendor is null) = (device_count is null) and (device_model is null) = (device_count is null)),
  check (basis = 'nominal' or (evidence <> '' and life_cycle not in ('planned', 'building')))
);
-- Of each centre the newest version.
create view stated_capacity as
  select v.centre_id, c.* from centre_capacity v join capacity c on c.version_id = v.id
  where not exists (select from centre_capacity n where n.centre_id = v.centre_id and n.id > v.id);
`;
