/**
 * What lists and sums of many jobs are read from: indexes for each filter in the order that pages are cut (newest id
 * first), and two tables that are indexes PostgreSQL cannot build by itself. Both are derived and written in the
 * transaction of what they derive from: labels by the submit writer, sums by a trigger; nothing else writes them.
 */
export const sql = `
-- Each index that names a new job costs every submission of a bulk call, so no other is by state or by time: lists of all
-- projects are merged from this one, and the first id of a period is looked for in the primary key.
create index job_project_active on job (project_id, state, id) where state <> 'ended';
create index job_ended on job (id) where state = 'ended';
create index job_project_ended on job (project_id, id) where state = 'ended';
create index job_ended_at on job (ended_ms) where state = 'ended';
-- The first id whose job was submitted at that time or later; null: there is none. Ids rise with the time of submission,
-- nearly: where clocks were set, every job before it was submitted less than the disorder after that time.
create function first_job_at(at_ms bigint) returns bigint stable language plpgsql as $$
declare
  low bigint := 0;
  high bigint;
  probe record;
begin
  select max(id) + 1 into high from job;
  -- Below low all are earlier; high is the answer so far. An array leaves a gap of ids, so the next id after the middle is asked.
  while low < high loop
    select id, submitted_ms into probe from job where id >= (low + high) / 2 order by id limit 1;
    if probe.id is null or probe.id >= high or probe.submitted_ms >= at_ms then
      high := (low + high) / 2;
    else
      low := probe.id + 1;
    end if;
  end loop;
  select min(id) into high from job where id >= low;
  return high;
end $$;
-- The kind of outcome as the API names it: a signal is a failure.
create function outcome_kind(outcome jsonb) returns text immutable parallel safe language sql
  return case outcome ->> 'kind' when 'signalled' then 'failed' else outcome ->> 'kind' end;
create index job_outcome on job (outcome_kind(outcome), id) where state = 'ended';
create index job_project_outcome on job (project_id, outcome_kind(outcome), id) where state = 'ended';
create index run_centre on run (centre_id, job_id);

-- One row for each label of each job, written with the job. A GIN index could not give the newest hundred of a million that share a label.
create table job_label (
  key text not null,
  value text not null,
  job_id bigint not null,
  primary key (key, value, job_id)
);
-- What was posted, by the hour and by the day of the posting, so that the usage of a year is not the sum of all its
-- transfers. A day is one of Asia/Shanghai (M5), which is eight hours ahead all year; span_ms is 3600000 or 86400000.
create table usage_span (
  span_ms bigint not null,
  from_ms bigint not null,
  project_id bigint not null,
  person_id bigint not null,
  centre_id text not null,
  unit text not null,
  runs bigint not null,
  amount bigint not null,
  primary key (span_ms, from_ms, project_id, person_id, centre_id, unit)
);
create index usage_span_project on usage_span (project_id, span_ms, from_ms);
create index transfer_posted on transfer (at_ms) where kind in ('single', 'post');
create view posted as
  select transfer.at_ms, job.project_id, job.person_id, run.centre_id, transfer.unit, transfer.job_id, transfer.amount,
    -- Each billed run posts its wall time once.
    (transfer.unit = 'wall-ms' and transfer.kind = 'post')::int as runs
  from transfer
  join job on job.id = transfer.job_id
  join run on run.job_id = transfer.job_id and run.index = transfer.index and run.attempt = transfer.attempt
  where transfer.kind in ('single', 'post');
create function span_start(at_ms bigint, span_ms bigint) returns bigint immutable parallel safe language sql
  return (at_ms + 28800000) / span_ms * span_ms - 28800000;
create function sum_usage() returns trigger language plpgsql as $$
begin
  insert into usage_span (span_ms, from_ms, project_id, person_id, centre_id, unit, runs, amount)
  select span.ms, span_start(added.at_ms, span.ms), job.project_id, job.person_id, run.centre_id, added.unit,
    count(*) filter (where added.unit = 'wall-ms' and added.kind = 'post'), sum(added.amount)
  from added
  join job on job.id = added.job_id
  join run on run.job_id = added.job_id and run.index = added.index and run.attempt = added.attempt
  cross join (values (3600000::bigint), (86400000)) as span (ms)
  where added.kind in ('single', 'post')
  group by 1, 2, 3, 4, 5, 6
  on conflict (span_ms, from_ms, project_id, person_id, centre_id, unit)
    do update set runs = usage_span.runs + excluded.runs, amount = usage_span.amount + excluded.amount;
  return null;
end $$;
create trigger transfer_usage after insert on transfer referencing new table as added
  for each statement execute function sum_usage();
`;
