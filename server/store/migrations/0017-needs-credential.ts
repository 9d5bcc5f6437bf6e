/** An account may wait until its user lends the centre a credential of their own. */
export const sql = `
alter table wanted_account drop constraint wanted_account_readiness_check;
alter table wanted_account add constraint wanted_account_readiness_check
  check (readiness in ('requested', 'created', 'needs-credential', 'ready', 'removed'));
`;
