/** On which nodes a run is or was, as its engine names them together: `c[001-120,130],login`; null: not known. */
export const sql = `
alter table run add column nodes text;
`;
