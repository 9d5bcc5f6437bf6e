/**
 * What a submission writes is what bounds how many a second are taken. The JSON of a job is kept as the text it came as,
 * which PostgreSQL only checks; and one event tells of all jobs of one person and project in one commit
 * (`detail.jobs`), where older rows tell of one each: those are taken out of what their jobs' own histories read.
 */
export const sql = `
alter table job
  alter column spec type json using spec::json,
  alter column input_files type json using input_files::json,
  alter column defaults type json using defaults::json,
  alter column warnings type json using warnings::json;
update event set detail = jsonb_build_object('jobs', jsonb_build_array(job_id)), job_id = null where kind = 'submitted';
`;
