import type pg from "pg";
import { domesticNotes } from "#core/centre/domestic.ts";
import { parseRegion, parseRegions } from "#core/centre/region.ts";
import { residencyNotes } from "#core/centre/residency.ts";
import { type PersonId, personId } from "#core/ids.ts";
import { phraseWords } from "#core/job/phrase.ts";
import { oneRegionWrong, regionWrong } from "#core/job/weir-options.ts";
import type { Language } from "#core/language.ts";
import type { PlaceRule, TenantPlace } from "#core/scheduling/bounds.ts";
import type { GrantedUnit } from "#core/scheduling/grants.ts";
import { answer, type Handlers, type Refused, refused } from "#server/http/handler.ts";
import { visibleProjects } from "#server/identity/caller.ts";
import type { Gate } from "#server/identity/gate.ts";
import { newCode, signInUrl } from "#server/identity/sign-in.ts";
import { setPlace, unbound } from "#server/store/bounds.ts";
import { setMostCores } from "#server/store/core-limits.ts";
import type { Database } from "#server/store/database.ts";
import { setGrant } from "#server/store/grants.ts";
import { setHome } from "#server/store/homes.ts";
import { noteAct } from "#server/store/note-act.ts";
import { changePerson, noteOfPerson, removeMember } from "#server/store/people.ts";
import { readCentres } from "#server/store/read/centres.ts";
import { readPeople, readProjects, readTenants } from "#server/store/read/people.ts";
import { hasLeft } from "./left.ts";
import { once } from "./once.ts";
import { cutPage, readCursor } from "./paging.ts";

/** Tenants, projects, people and who belongs where. */
export function peopleHandlers(context: Context): Pick<Handlers, PeopleRoute> {
  const { db, gate, caughtUp, now } = context;
  /** A change of who may do what is seen at once. */
  const change: typeof once = async (...given) => {
    const done = await once(...given);
    gate.forget();
    return done;
  };
  /** A rule that is set binds whatever is submitted once it is answered. */
  const set: typeof once = async (...given) => {
    const done = await change(...given);
    if (done.kind === "verbatim") await caughtUp();
    return done;
  };
  const moveHome = async (client: pg.PoolClient, tenant: string, home: string | null, by: PersonId) => {
    const found = home === null || (await client.query("select from centre where id = $1", [home])).rowCount === 1;
    if (!found) return refused({ kind: "not-found", what: "centre", id: home });
    const left = home === null ? null : await hasLeft(client, home, "home");
    if (left) return left;
    const changed = await setHome(client, tenant, home, by, now());
    return changed ?? refused({ kind: "not-found", what: "tenant", id: tenant });
  };

  return {
    async tenants({ caller, query }) {
      const after = readCursor(query.cursor);
      if (typeof after === "object" && after !== null) return after;
      const found = await readTenants(db.pool, visibleProjects(caller), { after, limit: query.limit + 1 });
      const page = cutPage(found, query.limit, (row) => row.id);
      return answer({ tenants: [...page.rows], next: page.next });
    },

    addTenant: ({ caller, body, idempotency }) =>
      set(db, { caller, idempotency }, 201, async (client) => {
        const { name, title = name, home = null } = body;
        const place = readPlace(body);
        if (place.kind === "refused") return place;
        const { rows } = await client.query<{ id: number }>(
          "insert into tenant (name, title, created_ms) values ($1, $2, $3) on conflict do nothing returning id",
          [name, title, now()],
        );
        if (rows[0] === undefined) return refused({ kind: "already-exists", what: "tenant", id: name });
        const about = { kind: "tenant", id: name } as const;
        await noteAct(client, { by: caller.id, about, act: { kind: "tenant-added" }, nowMs: now() });
        const moved = home !== null && (await moveHome(client, name, home, caller.id));
        if (typeof moved === "object") return moved;
        if (body.region !== undefined) await setPlace(client, "tenant", name, place.said, caller.id, now());
        return answer({
          id: rows[0].id,
          name,
          title,
          home,
          mostCores: null,
          grants: [],
          place: { ...unbound, ...place.said },
        });
      }),

    setHome: ({ caller, params, body }) =>
      set(db, { caller, idempotency: null }, 200, async (client) => {
        const changed = await moveHome(client, params.tenant, body.home, caller.id);
        if (typeof changed === "object") return changed;
        const [tenant] = await readTenants(client, null, { after: null, limit: 1, only: params.tenant });
        return tenant
          ? answer({ ...tenant, changed })
          : refused({ kind: "not-found", what: "tenant", id: params.tenant });
      }),

    setTenantCores: ({ caller, params: { tenant: name }, body }) =>
      set(db, { caller, idempotency: null }, 200, async (client) => {
        const changed = await setMostCores(client, "tenant", name, body.mostCores, caller.id, now());
        const [tenant] = await readTenants(client, null, { after: null, limit: 1, only: name });
        return tenant ? answer({ ...tenant, changed }) : refused({ kind: "not-found", what: "tenant", id: name });
      }),

    setProjectCores: ({ caller, params: { project: name }, body }) =>
      set(db, { caller, idempotency: null }, 200, async (client) => {
        const changed = await setMostCores(client, "project", name, body.mostCores, caller.id, now());
        const [project] = await readProjects(client, null, { after: null, limit: 1, only: name });
        return project ? answer({ ...project, changed }) : refused({ kind: "not-found", what: "project", id: name });
      }),

    setTenantGrant: ({ caller, params: { tenant: name }, body }) =>
      set(db, { caller, idempotency: null }, 200, async (client) => {
        let changed = false;
        for (const [unit, hours] of hoursSaid(body))
          if (await setGrant(client, "tenant", name, unit, hours, caller.id, now())) changed = true;
        const [tenant] = await readTenants(client, null, { after: null, limit: 1, only: name });
        return tenant ? answer({ ...tenant, changed }) : refused({ kind: "not-found", what: "tenant", id: name });
      }),

    setProjectGrant: ({ caller, params: { project: name }, body }) =>
      set(db, { caller, idempotency: null }, 200, async (client) => {
        let changed = false;
        for (const [unit, hours] of hoursSaid(body))
          if (await setGrant(client, "project", name, unit, hours, caller.id, now())) changed = true;
        const [project] = await readProjects(client, null, { after: null, limit: 1, only: name });
        return project ? answer({ ...project, changed }) : refused({ kind: "not-found", what: "project", id: name });
      }),

    setTenantPlace: ({ caller, params: { tenant: name }, body, language }) =>
      set(db, { caller, idempotency: null }, 200, async (client) => {
        const said = readRule(body);
        const place = readPlace(body);
        if (said.kind === "refused") return said;
        if (place.kind === "refused") return place;
        const changed = await setPlace(client, "tenant", name, { ...place.said, ...said.rule }, caller.id, now());
        const [tenant] = await readTenants(client, null, { after: null, limit: 1, only: name });
        const notes = await notesOn(client, said.rule, language);
        return tenant
          ? answer({ ...tenant, changed, notes })
          : refused({ kind: "not-found", what: "tenant", id: name });
      }),

    setProjectPlace: ({ caller, params: { project: name }, body, language }) =>
      set(db, { caller, idempotency: null }, 200, async (client) => {
        const said = readRule(body);
        if (said.kind === "refused") return said;
        const changed = await setPlace(client, "project", name, said.rule, caller.id, now());
        const [project] = await readProjects(client, null, { after: null, limit: 1, only: name });
        const notes = await notesOn(client, said.rule, language);
        return project
          ? answer({ ...project, changed, notes })
          : refused({ kind: "not-found", what: "project", id: name });
      }),

    async projects({ caller, query }) {
      const after = readCursor(query.cursor);
      if (typeof after === "object" && after !== null) return after;
      const found = await readProjects(db.pool, visibleProjects(caller), { after, limit: query.limit + 1 });
      const page = cutPage(found, query.limit, (row) => row.id);
      return answer({ projects: [...page.rows], next: page.next });
    },

    addProject: ({ caller, body, idempotency }) =>
      change(db, { caller, idempotency }, 201, async (client) => {
        const found = await client.query<{ id: number }>("select id from tenant where name = $1", [body.tenant]);
        const tenant = found.rows[0];
        if (tenant === undefined) return refused({ kind: "not-found", what: "tenant", id: body.tenant });
        const { rows } = await client.query<{ id: number; name: string; title: string }>(
          `insert into project (tenant_id, name, title, created_ms) values ($1, $2, $3, $4) on conflict do nothing
           returning id, name, title`,
          [tenant.id, body.name, body.title ?? body.name, now()],
        );
        if (rows[0] === undefined) return refused({ kind: "already-exists", what: "project", id: body.name });
        const act = { kind: "project-added", tenant: body.tenant } as const;
        await noteAct(client, { by: caller.id, about: { kind: "project", id: body.name }, act, nowMs: now() });
        return answer({ ...rows[0], tenant: body.tenant, mostCores: null, grants: [], place: unboundProject });
      }),

    addMember: ({ caller, params, body, idempotency }) =>
      change(db, { caller, idempotency }, 200, async (client) => {
        const joined = await join(client, body.person, [params.project], caller.id, now());
        return typeof joined === "object" ? joined : setAnswer(client, body.person, joined);
      }),

    removeMember: ({ caller, params }) =>
      change(db, { caller, idempotency: null }, 200, async (client) => {
        const { rowCount } = await client.query("select from project where name = $1", [params.project]);
        if (rowCount === 0) return refused({ kind: "not-found", what: "project", id: params.project });
        const person = await personAnswer(client, params.person);
        if (person.kind === "refused") return person;
        const isDone = await removeMember(client, params.project, params.person, caller.id, now());
        return isDone
          ? personAnswer(client, params.person)
          : refused({ kind: "not-found", what: "member", id: `${params.person} of ${params.project}` });
      }),

    setPerson: ({ caller, params: { person: name }, body }) =>
      change(db, { caller, idempotency: null }, 200, async (client) => {
        const done = await changePerson(client, name, body, caller.id, now());
        if (done === "not-found") return refused({ kind: "not-found", what: "person", id: name });
        if (done !== "changed" && done !== "same") return refused({ kind: done, person: name });
        return setAnswer(client, name, done === "changed");
      }),

    async people({ query: { name, ...query } }) {
      const after = readCursor(query.cursor);
      if (typeof after === "object" && after !== null) return after;
      const only = name === undefined ? {} : { only: name };
      const found = await readPeople(db.pool, { after, limit: query.limit + 1, ...only });
      const page = cutPage(found, query.limit, (row) => row.id);
      return answer({ people: [...page.rows], next: page.next });
    },

    addPerson: ({ caller, body, idempotency, origin }) =>
      change(db, { caller, idempotency }, 201, async (client) => {
        const { rows } = await client.query<{ id: number }>(
          `insert into person (name, title, administrator, created_ms) values ($1, $2, $3, $4) on conflict do nothing
           returning id`,
          [body.name, body.title ?? body.name, body.administrator ?? false, now()],
        );
        if (rows[0] === undefined) return refused({ kind: "already-exists", what: "person", id: body.name });
        const act = { kind: "person-added", administrator: body.administrator ?? false } as const;
        await noteOfPerson(client, rows[0].id, act, caller.id, now());
        const joined = await join(client, body.name, body.projects ?? [], caller.id, now());
        return typeof joined === "object" ? joined : linkAnswer(client, body.name, origin, caller.id, now());
      }),

    addSignInLink: ({ caller, params, idempotency, origin }) =>
      once(db, { caller, idempotency }, 201, (client) => linkAnswer(client, params.person, origin, caller.id, now())),
  };
}

function hoursSaid({ coreHours, cardHours }: SaidGrant): readonly (readonly [GrantedUnit, number | null])[] {
  return [
    ...(coreHours === undefined ? [] : [["core-ms", coreHours] as const]),
    ...(cardHours === undefined ? [] : [["milli-card-ms", cardHours] as const]),
  ];
}

type SaidGrant = { readonly coreHours?: number | null | undefined; readonly cardHours?: number | null | undefined };

const unboundProject = { residency: null, domestic: false };

type SaidRule = {
  readonly residency?: readonly string[] | null | undefined;
  readonly domestic?: boolean | undefined;
};

/** What was said, with every region by its code. */
function readRule({ residency, domestic }: SaidRule): { kind: "rule"; rule: Partial<PlaceRule> } | Refused {
  const parsed = residency && parseRegions(residency);
  if (parsed?.kind === "unknown") {
    const words = regionWrong(parsed.nearest);
    return refused({ kind: "invalid-request", issues: [{ path: "residency", words }] });
  }
  const regions = residency === undefined ? {} : { residency: parsed?.regions ?? null };
  return { kind: "rule", rule: { ...regions, ...(domestic !== undefined && { domestic }) } };
}

/** Where a tenant is, as far as it was said. */
function readPlace({
  region,
}: {
  readonly region?: string | null | undefined;
}): { kind: "place"; said: Partial<Pick<TenantPlace, "region">> } | Refused {
  if (region === undefined || region === null) return { kind: "place", said: region === null ? { region } : {} };
  const parsed = parseRegion(region);
  if (parsed.kind === "region") return { kind: "place", said: { region: parsed.region } };
  const words = oneRegionWrong(parsed);
  return refused({ kind: "invalid-request", issues: [{ path: "region", words }] });
}

async function notesOn(
  client: pg.PoolClient,
  { residency, domestic }: Partial<PlaceRule>,
  language: Language,
): Promise<string[]> {
  if (!residency && !domestic) return [];
  const centres = await readCentres(client, { after: null, limit: 10_000 });
  const notes = [
    ...(residency ? residencyNotes(residency, centres).notes : []),
    ...(domestic ? domesticNotes(centres) : []),
  ];
  return notes.map((note) => phraseWords(note, language));
}

type PeopleRoute =
  | "tenants"
  | "addTenant"
  | "setHome"
  | "setTenantCores"
  | "setProjectCores"
  | "setTenantGrant"
  | "setProjectGrant"
  | "setTenantPlace"
  | "setProjectPlace"
  | "projects"
  | "addProject"
  | "addMember"
  | "removeMember"
  | "people"
  | "setPerson"
  | "addPerson"
  | "addSignInLink";
type Context = {
  readonly db: Database;
  readonly gate: Gate;
  readonly caughtUp: () => Promise<void>;
  readonly now: () => number;
};

/** Makes the person a member of each; refused naming the first that is not there. False: of all of them before. */
async function join(
  client: pg.PoolClient,
  person: string,
  projects: readonly string[],
  by: PersonId,
  nowMs: number,
): Promise<Refused | boolean> {
  for (const project of projects) {
    const { rowCount } = await client.query("select from project where name = $1", [project]);
    if (rowCount === 0) return refused({ kind: "not-found", what: "project", id: project });
  }
  const { rows } = await client.query<{ id: number; project: string }>(
    `with joined as (
       insert into membership (project_id, person_id)
       select project.id, person.id from project, person where project.name = any($2) and person.name = $1
       on conflict do nothing returning project_id, person_id
     )
     select person_id as id, name as project from joined join project on project.id = project_id`,
    [person, projects],
  );
  for (const { id, project } of rows) await noteOfPerson(client, id, { kind: "member-added", project }, by, nowMs);
  return rows.length > 0;
}

async function setAnswer(client: pg.PoolClient, name: string, changed: boolean) {
  const person = await personAnswer(client, name);
  return person.kind === "refused" ? person : answer({ ...person.body, changed });
}

async function personAnswer(client: pg.PoolClient, name: string) {
  const [person] = await readPeople(client, { after: null, limit: 1, only: name });
  return person ? answer(person) : refused({ kind: "not-found", what: "person", id: name });
}

async function linkAnswer(client: pg.PoolClient, name: string, origin: string, by: PersonId, nowMs: number) {
  const [person] = await readPeople(client, { after: null, limit: 1, only: name });
  if (person === undefined) return refused({ kind: "not-found", what: "person", id: name });
  if (person.disabledMs !== null) return refused({ kind: "person-disabled", person: name });
  const { code, expiresMs } = await newCode(client, personId(person.id), "link", nowMs);
  await noteOfPerson(client, person.id, { kind: "sign-in-link-made" }, by, nowMs);
  return answer({ person, signInUrl: signInUrl(origin, code), expiresMs });
}
