/**
 * Which centres would not take a job, and why: no task of it goes there again. And what a centre waits for before it can take
 * a run back.
 */
export const sql = `
create table job_refusal (
  job_id bigint not null,
  centre_id text not null,
  words text not null,
  at_ms bigint not null,
  primary key (job_id, centre_id)
);
alter table run add column withdraw_waits text;
`;
