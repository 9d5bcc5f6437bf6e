/** Who did what to how the network is run: a list for administrators, with what the feed and other tables had of it. */
export const sql = `
create table act (
  id bigint generated always as identity primary key,
  at_ms bigint not null,
  -- Null: the network itself.
  person_id bigint references person,
  kind text not null,
  -- A person by number, the others by name; null: the network as a whole.
  about_kind text,
  about text,
  facts jsonb not null
);
create index act_person on act (person_id, id);
create index act_kind on act (kind, id);
create index act_about on act (about_kind, about, id);
create index act_at on act (at_ms);

with told as (
  select xid, seq, at_ms, kind, centre_id, (m).by, (m).what
  from event, lateral (
    select found[1]::bigint as by, found[2] as what from regexp_match(cause, '^person:(\\d+):? (.*)$', 's') as found
  ) as m
  where job_id is null
    and kind in ('people-changed', 'core-limits-changed', 'grants-changed', 'bounds-changed', 'homes-changed', 'centre-changed')
    and (m).by in (select id from person)
), of_people as (
  select told.*, found[1] as about, one, at
  from told, regexp_match(what, '^person (\\d+): (.*)$') as found,
    regexp_split_to_table(replace(found[2], 'added, administrator', 'added administrator'), ', ') with ordinality as parts(one, at)
  where kind = 'people-changed'
), noted as (
  select at_ms, by, case
      when one like 'added%' then 'person-added'
      when one = 'disabled' then 'person-disabled'
      when one = 'enabled' then 'person-enabled'
      when one = 'shown under another name' then 'person-renamed'
      when one = 'made administrator' then 'administrator-made'
      when one = 'no administrator any more' then 'administrator-unmade'
      when one like 'member of project %' then 'member-added'
      when one like 'no member of project % any more' then 'member-removed'
      else 'sign-in-link-made'
    end as kind, 'person' as about_kind, about, case
      when one like 'added%' then jsonb_build_object('administrator', one = 'added administrator')
      when one like '%member of project %' then jsonb_build_object('project', (regexp_match(one, 'project (\\S+)'))[1])
      else '{}'
    end as facts, at
  from of_people
  union all
  select at_ms, by, 'cores-bound', found[1], found[2],
    jsonb_build_object('most', nullif(found[3], 'any')::bigint), 1
  from told, regexp_match(what, '^cores of (tenant|project) (\\S+) at once: (any|\\d+)$') as found
  where kind = 'core-limits-changed' and found is not null
  union all
  select at_ms, by, 'granted', found[2], found[3], jsonb_build_object(
      'unit', case found[1] when 'core' then 'core-ms' else 'milli-card-ms' end,
      'hours', nullif(found[4], 'any number')::bigint), 1
  from told, regexp_match(what, '^(core|card)-hours granted to (tenant|project) (\\S+): (any number|\\d+)$') as found
  where kind = 'grants-changed' and found is not null
  union all
  select at_ms, by, 'place-set', found[1], found[2], found[3]::jsonb, 1
  from told, regexp_match(what, '^where work of (tenant|project) (\\S+) may go: (\\{.*\\})$', 's') as found
  where kind = 'bounds-changed' and found is not null
  union all
  select at_ms, by, 'home-set', 'tenant', found[1], jsonb_build_object('home', centre_id), 1
  from told, regexp_match(what, '^home of (\\S+): ') as found
  where kind = 'homes-changed' and found is not null
  union all
  select at_ms, substr(cause, 8)::bigint, 'centre-added', 'centre', centre_id, '{}', 1
  from event where job_id is null and kind = 'centre-changed' and cause ~ '^person:\\d+$'
  union all
  select at_ms, by, 'rotation-asked', 'centre', centre_id, '{}', 1
  from told where kind = 'centre-changed' and what = 'rotate the credential'
  union all
  select at_ms, person_id, 'policy-set', null, null, jsonb_build_object('version', version), 1 from policy
  union all
  select at_ms, person_id, 'agreements-set', null, null, jsonb_build_object('version', version), 1 from region_agreements
  union all
  select at_ms, person_id, 'terms-set', 'centre', centre_id, jsonb_build_object('version', id), 1 from centre_terms
  union all
  select at_ms, person_id, 'intake-set', 'centre', centre_id, jsonb_build_object('step', step), 1 from centre_step
  union all
  select asked_ms, person_id, 'test-asked', 'centre', centre_id, jsonb_build_object('test', id), 1 from connection_test
)
insert into act (at_ms, person_id, kind, about_kind, about, facts)
select at_ms, by, kind, about_kind, about, facts from noted order by at_ms, at;

-- As transfers are.
create trigger act_append_only before update or delete or truncate on act execute function refuse_change();
revoke update, delete, truncate on act from current_user;

-- They told nobody but the history.
delete from event where job_id is null and kind = 'people-changed';
`;
