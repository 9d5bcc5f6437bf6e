/** How many cores the runs of a tenant, and of a project, may hold at once over the whole network; null: any. */
export const sql = `
alter table tenant add column most_cores int check (most_cores > 0);
alter table project add column most_cores int check (most_cores > 0);
`;
