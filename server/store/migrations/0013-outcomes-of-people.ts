/**
 * Who failed in a project: the person stands behind the id, where it does not change the order of the page but is asked
 * in the index itself, so that the rows of others need not be looked at.
 */
export const sql = `
drop index job_project_outcome;
create index job_project_outcome on job (project_id, outcome_kind(outcome), id, person_id) where state = 'ended';
`;
