/** Runs declared lost of which nothing has been heard since: if one is found later, it is asked to end (R2). */
export const sql = `
create index run_unheard on run (centre_id) where ended_ms is not null and usage is null;
`;
