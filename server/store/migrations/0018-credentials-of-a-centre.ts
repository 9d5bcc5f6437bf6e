/** Each call of an agent looks at its centre's credentials; there is one more with every rotation. */
export const sql = `
create index centre_credential_of_centre on centre_credential (centre_id);
`;
