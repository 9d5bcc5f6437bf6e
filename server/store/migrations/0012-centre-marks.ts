/**
 * What a centre's engine knows this network's runs by, in their names there (R3). It is the store's, so that an agent whose
 * disk was lost finds what the one before it queued, and random, so that two networks at one engine differ.
 */
export const sql = `
alter table centre add column mark text not null default substr(gen_random_uuid()::text, 1, 8) check (mark ~ '^[a-z0-9]{8}$');
`;
