/** A centre's name for readers of Chinese, where somebody gave one. */
export const sql = `
alter table centre add column name_zh text;
update centre set name_zh = '本机' where id = 'local' and name = 'This machine';
`;
