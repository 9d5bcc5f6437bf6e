/**
 * Of whom a centre's agent tells as which local account they run there (B2): a key of the agent's own making that is the
 * same for all who are the same one, and says nothing else (P2). null: it does not tell.
 */
export const sql = `
alter table wanted_account add column local_account text;
`;
