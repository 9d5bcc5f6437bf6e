/**
 * What the tasks of an array have used in all: the page of an array is looked at while it runs, and must not sum the
 * transfers of a hundred thousand tasks each time. Plain jobs have a handful of transfers and are not in it.
 */
export const sql = `
create table usage_array (
  job_id bigint not null,
  unit text not null,
  amount bigint not null,
  primary key (job_id, unit)
);
insert into usage_array (job_id, unit, amount)
select posted.job_id, posted.unit, sum(posted.amount) from posted join job on job.id = posted.job_id
where job.task_count > 1 group by 1, 2;
create function sum_array_usage() returns trigger language plpgsql as $$
begin
  insert into usage_array (job_id, unit, amount)
  select added.job_id, added.unit, sum(added.amount) from added join job on job.id = added.job_id
  where added.kind in ('single', 'post') and job.task_count > 1
  group by 1, 2
  on conflict (job_id, unit) do update set amount = usage_array.amount + excluded.amount;
  return null;
end $$;
create trigger transfer_array_usage after insert on transfer referencing new table as added
  for each statement execute function sum_array_usage();
`;
