/** When a centre's engine was reported as it stands there: what the report says of times counts from then. */
export const sql = `
alter table centre add column engine_ms bigint;
`;
