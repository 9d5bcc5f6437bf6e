import type { JobSpec } from "#core/job/spec.ts";
import { sampleSpec } from "#core/sample-testing.ts";
import type { Database } from "#server/store/database.ts";

/**
 * Fills a migrated, empty store with a million jobs that look lived with: 8 projects of 4 tenants, 40 people, 4 centres
 * (one that was retired long ago), every state and outcome, labels, names in families, and for the newest tenth the
 * postings. By SQL, in about two minutes.
 */
export async function fillMillion(db: Database, nowMs: number, jobs = 1_000_000): Promise<void> {
  const client = await db.connect("fill");
  for (const statement of statements(nowMs, jobs)) await client.query(statement);
  await client.end();
}

/** As `core/job/admit.ts` makes it; each job gets a name and labels of its own. */
const spec = JSON.stringify({
  ...sampleSpec,
  work: { kind: "command", argv: ["python3", "train.py"] },
  environment: { OMP_NUM_THREADS: "1" },
} satisfies JobSpec);

function statements(nowMs: number, jobs: number): readonly string[] {
  const submitted = `(${nowMs} - (${jobs} - i) * 2000)::bigint`;
  return [
    `insert into tenant (name, title, created_ms) select 't' || i, 'T', 0 from generate_series(1, 4) i`,
    `insert into project (tenant_id, name, title, created_ms)
       select 1 + i % 4, 'p' || i, 'P', 0 from generate_series(1, 8) i`,
    `insert into person (name, title, administrator, created_ms)
       select 'u' || i, 'U', false, 0 from generate_series(1, 40) i`,
    `insert into membership select p.id, u.id from project p, person u where p.name <> 'default' and u.name ~ '^u'
       and (p.id + u.id) % 4 = 0 on conflict do nothing`,
    `insert into centre (id, name, driver, life_cycle, created_ms)
       select c, c, 'process', 'in-service', 0 from unnest('{alpha,beta,gamma,retired}'::text[]) c on conflict do nothing`,
    `insert into job (id, tenant_id, project_id, person_id, name, spec, task_count, defaults, warnings, submitted_ms, state,
       queued, placed, starting, running, ended, runs, outcome, centres, started_ms, ended_ms)
     select i, 1 + p.project % 4, p.project, 1 + i % 40, p.family || '-' || i % 1000,
       ('${spec}'::jsonb || jsonb_build_object('name', p.family, 'labels', case when i % 10 = 0
         then jsonb_build_object('experiment', 'e' || i % 50, 'all', 'yes') else '{}'::jsonb end))::json,
       1, '[]', '[]', ${submitted}, p.state,
       (p.state = 'queued')::int, (p.state = 'placed')::int, (p.state = 'starting')::int, (p.state = 'running')::int,
       (p.state = 'ended')::int, (p.state <> 'queued')::int,
       case when p.state = 'ended' then p.outcome end,
       case when p.state = 'queued' then '{}' else array[p.centre] end,
       case when p.state in ('running', 'ended') then ${submitted} + 1000 end,
       case when p.state = 'ended' then ${submitted} + 61000 end
     from generate_series(1, ${jobs}) i cross join lateral (select
       case when i % 100 = 0 then 2 else 1 + (i % 9) end as project,
       (array['train', 'fold', 'sweep', 'relax', 'forecast'])[1 + i % 5] as family,
       case when i > ${jobs} - 200 then 'running' when i > ${jobs} - 210 then 'starting' when i > ${jobs} - 220 then 'placed'
         when i > ${jobs} * 0.8 and i % 3 = 0 then 'queued' else 'ended' end as state,
       case when i % 20 = 1 then '{"kind":"failed","exitCode":1}'::jsonb
         when i % 1000 = 7 then '{"kind":"signalled","signal":9}'::jsonb
         when i % 5000 = 9 then '{"kind":"timed-out"}'::jsonb
         when i in (17, 170017) then '{"kind":"lost","evidence":"no record"}'::jsonb
         else '{"kind":"succeeded"}'::jsonb end as outcome,
       case when i < ${jobs} * 0.02 then 'retired' else (array['alpha', 'beta', 'gamma'])[1 + i % 3] end as centre) p`,
    `insert into job_label (key, value, job_id)
       select label.key, label.value, job.id from job, json_each_text(spec -> 'labels') label`,
    `insert into task (job_id, index, position, state, since_ms, attempts, retries_left, centre_id, started_ms, ended_ms, outcome)
     select id, 0, 0, state, submitted_ms, runs, 0, centres[1], started_ms, ended_ms, outcome from job`,
    `insert into run (job_id, index, attempt, centre_id, pool, state, allocation, tariff_version, decision, placed_ms,
       latest_start_ms, accepted_ms, started_ms, ended_ms, "end", usage, billed)
     select id, 0, 1, centres[1], 'default', state,
       '{"nodes":1,"tasks":1,"coresPerTask":1,"coresPerNode":1,"memoryMibPerNode":1024,"acceleratorsPerNode":0,"acceleratorVendor":null,"acceleratorModel":null}',
       'free', '{"decidedMs":0,"candidates":[]}', submitted_ms + 500, submitted_ms + 60500, submitted_ms + 700, started_ms, ended_ms,
       outcome, null, state = 'ended'
     from job where state <> 'queued'`,
    `insert into account (code, unit) select 'project:' || project.id, unit from project, unnest('{core-ms,mib-s,wall-ms}'::text[]) unit`,
    `insert into account (code, unit) select 'centre:' || centre.id, unit from centre, unnest('{core-ms,mib-s,wall-ms}'::text[]) unit`,
    `with held as materialized (
       select job.*, d.id as debit, c.id as credit, a.unit, a.amount from job
       cross join (values ('core-ms', 60000::bigint), ('mib-s', 61440), ('wall-ms', 60000)) a (unit, amount)
       join account d on d.code = 'project:' || project_id and d.unit = a.unit
       join account c on c.code = 'centre:' || centres[1] and c.unit = a.unit
       where state = 'ended' and job.id > ${jobs} * 0.9
     )
     insert into transfer (id, kind, pending_id, unit, debit_account, credit_account, amount, job_id, index, attempt, at_ms)
     select 'run:' || id || '.0.1:hold:' || unit, 'pending', null, unit, debit, credit, amount * 60, id, 0, 1, submitted_ms from held
     union all
     select 'run:' || id || '.0.1:post:' || unit, 'post', 'run:' || id || '.0.1:hold:' || unit, unit, debit, credit, amount, id, 0, 1,
       ended_ms from held`,
    `update account set debits_posted = s.amount from (select debit_account, sum(amount) amount from transfer where kind = 'post' group by 1) s
       where s.debit_account = account.id`,
    `update account set credits_posted = s.amount from (select credit_account, sum(amount) amount from transfer where kind = 'post' group by 1) s
       where s.credit_account = account.id`,
    "update counter set value = (select max(id) from job) where name = 'job'",
    "analyze",
    "vacuum job",
    "vacuum run",
    "vacuum transfer",
  ];
}
