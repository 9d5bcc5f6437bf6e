/** Since when a person may not sign in; null: they may. What is theirs, and what they did, stays. */
export const sql = `
alter table person add column disabled_ms bigint;
`;
