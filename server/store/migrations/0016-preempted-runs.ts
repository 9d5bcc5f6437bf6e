/** Runs that were asked to make way for others: the few that the scheduler must know again after a start. */
export const sql = `
create index run_preempted on run (cancel_ms) where cancel ? 'claimant';
`;
