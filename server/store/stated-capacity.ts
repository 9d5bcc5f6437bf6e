import type pg from "pg";
import type { StatedCapacity } from "#core/centre/stated-capacity.ts";
import type { PersonId } from "#core/ids.ts";
import { noteAct } from "./note-act.ts";

type Query = Pick<pg.ClientBase | pg.Pool, "query">;

export type CapacityVersion = {
  /** 0: nobody has stated any. */
  readonly version: number;
  readonly setBy: string | null;
  readonly setMs: number | null;
  readonly lines: readonly StatedCapacity[];
};

/** What is stated of a centre now; null where there is no such centre. */
export async function readCapacity(db: Query, centre: string): Promise<CapacityVersion | null> {
  const { rows } = await db.query<Omit<CapacityVersion, "lines">>(
    `select coalesce(v.id, 0) as version, p.name as "setBy", v.at_ms as "setMs"
     from centre c left join centre_capacity v on v.centre_id = c.id left join person p on p.id = v.person_id
     where c.id = $1 order by v.id desc limit 1`,
    [centre],
  );
  const [newest] = rows;
  return newest ? { ...newest, lines: (await readLines(db, [centre])).map(({ centre: _, ...line }) => line) } : null;
}

/** Of these centres, line by line. */
export async function readLines(
  db: Query,
  centres: readonly string[],
): Promise<readonly (StatedCapacity & { readonly centre: string })[]> {
  const { rows } = await db.query<Row>(
    `select centre_id as centre, line, site, phase, pool, device_vendor as vendor, device_model as model,
       device_count as count, precision, sparsity, basis, value_gigaflops::text as gigaflops, life_cycle as "lifeCycle",
       in_service_from as "inServiceFrom", region_code as "regionCode", evidence
     from stated_capacity where centre_id = any($1) order by centre_id, line`,
    [centres],
  );
  return rows.map(({ vendor, model, count, gigaflops, ...line }) => ({
    ...line,
    device: vendor === null || model === null || count === null ? null : { vendor, model, count },
    gigaflops: BigInt(gigaflops),
  }));
}

type Row = Omit<StatedCapacity, "device" | "gigaflops"> & {
  readonly centre: string;
  readonly vendor: string | null;
  readonly model: string | null;
  readonly count: number | null;
  readonly gigaflops: string;
};

/** The next number: none that was given is given again, whatever became of its line. */
export async function nextLine(db: Query, centre: string): Promise<number> {
  const { rows } = await db.query<{ next: number }>(
    `select coalesce(max(line), 0) + 1 as next
     from capacity c join centre_capacity v on v.id = c.version_id where v.centre_id = $1`,
    [centre],
  );
  return rows[0]?.next ?? 1;
}

/** A new version of what is stated; placement goes by the stages of its pools from then on. */
export async function setCapacity(client: pg.ClientBase, set: NewCapacity): Promise<void> {
  const { centre, lines, person, nowMs } = set;
  const { rows } = await client.query<{ version: number }>(
    "insert into centre_capacity (centre_id, person_id, at_ms) values ($1, $2, $3) returning id as version",
    [centre, person, nowMs],
  );
  const version = rows[0]?.version ?? 0;
  const columns = lines.map(({ device, gigaflops, ...line }) => ({ ...line, ...device, gigaflops: `${gigaflops}` }));
  await client.query(
    `insert into capacity (version_id, line, site, phase, pool, device_vendor, device_model, device_count, precision, sparsity,
       basis, value_gigaflops, life_cycle, in_service_from, region_code, evidence)
     select $1, line, site, phase, pool, vendor, model, count, precision, sparsity, basis, gigaflops::bigint, "lifeCycle",
       "inServiceFrom", "regionCode", evidence
     from jsonb_to_recordset($2::jsonb) as line (line int, site text, phase text, pool text, vendor text, model text, count int,
       precision text, sparsity text, basis text, gigaflops text, "lifeCycle" text, "inServiceFrom" text, "regionCode" text,
       evidence text)`,
    [version, JSON.stringify(columns)],
  );
  const act = { kind: "capacity-set", version, ...set.counts } as const;
  await noteAct(client, { by: person, about: { kind: "centre", id: centre }, act, nowMs });
  await client.query("insert into event (at_ms, kind, centre_id, cause) values ($1, 'centre-changed', $2, $3)", [
    nowMs,
    centre,
    `person:${person}: capacity`,
  ]);
}

export type NewCapacity = {
  readonly centre: string;
  readonly lines: readonly StatedCapacity[];
  readonly counts: { readonly stated: number; readonly changed: number; readonly ended: number };
  readonly person: PersonId;
  readonly nowMs: number;
};
