/**
 * What agents report has pools now. A report of the older form is forgotten: each agent reports its engine again with
 * its first sync, and until then its centre is one that has not described itself.
 */
export const sql = `
update centre set engine = null;
`;
