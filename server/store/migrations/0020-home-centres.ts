/** The centre whose own users a tenant's people are: their work is no worse off there than it would be there alone. */
export const sql = `
alter table tenant add column home_centre text references centre;
`;
