/**
 * The first tables. `job` is what was asked, `task` the unit of placement, retry, hold and billing (R6), `run` one try
 * at one centre; `event` is history and change feed in one; `account` and `transfer` are the books (M1, M12).
 * Times are UTC milliseconds. Amounts are bigint columns, never inside jsonb.
 */
export const sql = `
create table setting (name text primary key, value text not null);

create table tenant (
  id bigint generated always as identity primary key,
  name text not null unique,
  title text not null,
  created_ms bigint not null
);
create table project (
  id bigint generated always as identity primary key,
  tenant_id bigint not null references tenant,
  name text not null unique,
  title text not null,
  created_ms bigint not null
);
create table person (
  id bigint generated always as identity primary key,
  name text not null unique,
  title text not null,
  administrator boolean not null,
  password_hash text,
  created_ms bigint not null
);
create table membership (
  project_id bigint not null references project,
  person_id bigint not null references person,
  primary key (project_id, person_id)
);
create index membership_person on membership (person_id);

-- Secrets are kept as SHA-256 of 32 random bytes. A code signs in once; a session is a browser's; a token is a program's.
create table credential (
  id bigint generated always as identity primary key,
  person_id bigint not null references person,
  kind text not null check (kind in ('code', 'session', 'token')),
  name text not null,
  secret_hash bytea not null unique,
  created_ms bigint not null,
  expires_ms bigint,
  spent_ms bigint,
  last_used_ms bigint
);
create index credential_person on credential (person_id);

-- O3: centre, site, phase, pool and device carry typed capacity from the start; planned capacity never runs a job.
create table centre (
  id text primary key,
  name text not null,
  region_code text,
  driver text not null,
  life_cycle text not null check (life_cycle in ('planned', 'building', 'trial', 'in-service', 'retired')),
  created_ms bigint not null,
  session int not null default 0,
  agent_version text,
  engine jsonb,
  last_seen_ms bigint,
  unreachable_since_ms bigint
);
create table site (
  id bigint generated always as identity primary key,
  centre_id text not null references centre,
  name text not null,
  region_code text,
  address text
);
create table phase (
  id bigint generated always as identity primary key,
  site_id bigint not null references site,
  name text not null,
  life_cycle text not null check (life_cycle in ('planned', 'building', 'trial', 'in-service', 'retired')),
  evidence text not null
);
create table pool (
  id bigint generated always as identity primary key,
  centre_id text not null references centre,
  phase_id bigint references phase,
  name text not null,
  contract text not null check (contract in ('dedicated', 'shared', 'opportunistic')),
  life_cycle text not null check (life_cycle in ('planned', 'building', 'trial', 'in-service', 'retired')),
  unique (centre_id, name)
);
create table device (
  id bigint generated always as identity primary key,
  pool_id bigint not null references pool,
  vendor text not null,
  model text not null,
  count int not null check (count > 0),
  life_cycle text not null check (life_cycle in ('planned', 'building', 'trial', 'in-service', 'retired'))
);
create table capacity (
  id bigint generated always as identity primary key,
  pool_id bigint references pool,
  device_id bigint references device,
  precision text not null check (precision in ('fp64', 'fp32', 'tf32', 'fp16', 'bf16', 'fp8', 'int8')),
  sparsity text not null check (sparsity in ('dense', 'sparse')),
  basis text not null check (basis in ('nominal', 'measured')),
  value_gigaflops bigint not null check (value_gigaflops > 0),
  life_cycle text not null check (life_cycle in ('planned', 'building', 'trial', 'in-service', 'retired')),
  evidence text not null,
  check ((pool_id is null) <> (device_id is null))
);
create table centre_credential (
  id bigint generated always as identity primary key,
  centre_id text not null references centre,
  kind text not null check (kind in ('enrolment', 'credential')),
  secret_hash bytea not null unique,
  created_ms bigint not null,
  expires_ms bigint,
  spent_ms bigint
);

-- job: the last job id given; an array takes as many consecutive ids as it has tasks. \`nonce\` names the batch that took
-- the last ones, so that a writer whose connection was cut can learn whether its batch was committed.
-- leader: the fencing epoch of the scheduling server.
create table counter (name text primary key, value bigint not null, nonce text);
insert into counter values ('job', 0, null), ('leader', 0, null);

-- Written by the batch, thousands a second: no foreign keys, whose checks would lock the one project row that all share.
-- The writer gets tenant, project and person from the session that it serves.
create table job (
  id bigint primary key,
  tenant_id bigint not null,
  project_id bigint not null,
  person_id bigint not null,
  name text not null,
  -- core JobSpec without the text of the script and the input files, which are large and read only when a run starts.
  spec jsonb not null,
  script text,
  input_files jsonb,
  array_text text,
  task_count int not null,
  defaults jsonb not null,
  warnings jsonb not null,
  submitted_ms bigint not null,
  -- Derived from the tasks by the writer in the same transaction as each change.
  state text not null,
  queued int not null,
  placed int not null,
  starting int not null,
  running int not null,
  ended int not null,
  -- How many runs its tasks have had; 0: all of them still wait for their first.
  runs int not null,
  -- Of the first task (in order of end) that did not succeed; succeeded while there is none and all ended.
  outcome jsonb,
  centres text[] not null,
  started_ms bigint,
  ended_ms bigint,
  -- Set while a centre that holds one of its runs cannot be reached (R2): the earliest.
  unreachable_since_ms bigint
);
create index job_project on job (project_id, id);
create index job_name on job (project_id, name text_pattern_ops, id);
create index job_person on job (person_id, id);

create table task (
  job_id bigint not null,
  index int not null,
  -- 0-based place in the array: job_id + position is the task's own SLURM_JOB_ID.
  position int not null,
  state text not null,
  since_ms bigint not null,
  -- Attempts made so far; the newest run's number.
  attempts int not null,
  retries_left int not null,
  centre_id text,
  started_ms bigint,
  ended_ms bigint,
  outcome jsonb,
  unreachable_since_ms bigint,
  primary key (job_id, index)
) with (fillfactor = 50); -- Each row changes three or four times and no index names what changes: room to stay on its page.

create table run (
  job_id bigint not null,
  index int not null,
  attempt int not null,
  centre_id text not null,
  pool text not null,
  state text not null,
  allocation jsonb not null,
  tariff_version text not null,
  -- What each centre said when it was placed.
  decision jsonb not null,
  placed_ms bigint not null,
  -- The lease (R1): the server's clock; on the wire it is a duration.
  latest_start_ms bigint not null,
  accepted_ms bigint,
  started_ms bigint,
  ended_ms bigint,
  "end" jsonb,
  usage jsonb,
  words text,
  billed boolean not null default false,
  unreachable_since_ms bigint,
  -- Asked to end: {by, reason}.
  cancel_ms bigint,
  cancel jsonb,
  -- Its task went on without it (onUnreachable restart-after, R2): whatever it does is shown and not billed.
  superseded boolean not null default false,
  primary key (job_id, index, attempt)
) with (fillfactor = 60);
-- Not \`state <> 'ended'\`: a column of an index's condition keeps updates from staying on their page.
create index run_active on run (centre_id) where ended_ms is null;

-- History and change feed. Read in the order of (xid, seq) and only where xid < pg_snapshot_xmin(pg_current_snapshot()),
-- so that a transaction still open is never skipped.
create table event (
  xid xid8 not null default pg_current_xact_id(),
  seq bigint generated always as identity,
  at_ms bigint not null,
  -- Null where it concerns a centre and no job.
  project_id bigint,
  job_id bigint,
  -- Null where it concerns the whole job, or the tasks that detail.indices names.
  index int,
  attempt int,
  kind text not null,
  state text,
  centre_id text,
  cause text not null,
  -- What followers of the feed need beside these: {pool, allocation} of a placement, {indices} of many tasks, {outcome}.
  detail jsonb,
  primary key (xid, seq)
);
create index event_job on event (job_id, xid, seq) where job_id is not null;

create table idempotency (
  tenant_id bigint not null,
  key text not null,
  body_hash bytea not null,
  status int not null,
  answer text not null,
  at_ms bigint not null,
  primary key (tenant_id, key)
);
-- Rows arrive in the order of time: a block range index costs next to nothing.
create index idempotency_at on idempotency using brin (at_ms);

-- One account for each owner and unit: project:7 in core-ms, centre:local in core-ms, …
create table account (
  id bigint generated always as identity primary key,
  code text not null,
  unit text not null,
  debits_pending bigint not null default 0,
  debits_posted bigint not null default 0,
  credits_pending bigint not null default 0,
  credits_posted bigint not null default 0,
  unique (code, unit)
);
-- Immutable. The caller makes the id, so that a retry is no second transfer.
create table transfer (
  id text primary key,
  kind text not null check (kind in ('single', 'pending', 'post', 'void')),
  pending_id text,
  unit text not null,
  debit_account bigint not null,
  credit_account bigint not null,
  amount bigint not null check (amount >= 0),
  job_id bigint,
  index int,
  attempt int,
  at_ms bigint not null,
  check (debit_account <> credit_account),
  check ((kind in ('post', 'void')) = (pending_id is not null))
);
create unique index transfer_ends_once on transfer (pending_id) where pending_id is not null;
create index transfer_job on transfer (job_id, index, attempt);
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name;
end $$;
create trigger transfer_append_only before update or delete or truncate on transfer execute function refuse_change();
-- The owner forgoes what no statement of ours does; the trigger above also holds for who has the right.
revoke update, delete, truncate on transfer from current_user;
`;
