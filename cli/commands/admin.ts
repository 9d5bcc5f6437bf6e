import type { Answer, Arguments } from "#api/client.ts";
import { type Call, taskOperand } from "#cli/call.ts";
import { timeText } from "#cli/formats.ts";
import { everyPage } from "#cli/pages.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { disabledReason } from "#core/job/end-reason.ts";
import { hoursText } from "#core/scheduling/grants.ts";
import { grantedUnits, oneHour, type SettingKind, settingWords } from "#core/setting-words.ts";

/** JSON: `{"tenants": [Tenant…], "next": null}`. */
export async function listTenants(call: Call): Promise<number> {
  const found = await everyPage(
    (cursor) => call.ask("tenants", { query: { limit: 1000, ...cursor } }),
    (page) => page.tenants,
  );
  const rows = found.map(({ name, title, home, mostCores, grants, place }) => [
    name,
    title,
    home ?? "",
    coresText(mostCores),
    grantsText(grants, call.say),
    place.region ?? "",
    ruleText(place, call),
  ]);
  return list(
    call,
    { tenants: found, next: null },
    ["columnName", "columnTitle", "columnHome", "columnMostCores", "columnGrants", "columnRegion", "columnBound"],
    rows,
  );
}

/** JSON: `{"projects": [Project…], "next": null}`. */
export async function listProjects(call: Call): Promise<number> {
  const found = await everyPage(
    (cursor) => call.ask("projects", { query: { limit: 1000, ...cursor } }),
    (page) => page.projects,
  );
  const rows = found.map(({ name, tenant, title, mostCores, grants, place }) => [
    name,
    tenant,
    title,
    coresText(mostCores),
    grantsText(grants, call.say),
    ruleText(place, call),
  ]);
  const titles = [
    "columnName",
    "columnTenant",
    "columnTitle",
    "columnMostCores",
    "columnGrants",
    "columnBound",
  ] as const;
  return list(call, { projects: found, next: null }, titles, rows);
}

/** JSON: `{"people": [Person…], "next": null}`. */
export async function listPeople(call: Call): Promise<number> {
  const { say } = call;
  const found = await everyPage(
    (cursor) => call.ask("people", { query: { limit: 1000, ...cursor } }),
    (page) => page.people,
  );
  const rows = found.map(({ name, title, administrator, disabledMs, projects }) => [
    name,
    title,
    [say(administrator ? "administrator" : "member"), ...(disabledMs === null ? [] : [say("disabled")])].join(
      say("comma"),
    ),
    projects.join(","),
  ]);
  return list(call, { people: found, next: null }, ["columnName", "columnTitle", "columnRole", "columnProjects"], rows);
}

/** JSON: the API's `Tenant`. */
export async function addTenant(call: Call): Promise<number> {
  const [home, region] = [call.one("home"), call.one("region")];
  const body = { ...named(call), ...(home !== null && { home }), ...(region !== null && { region }) };
  return added(call, "wordTenant", await call.ask("addTenant", { body }));
}

/** JSON: the API's `Tenant`; where its place was set, `PlacedTenant`. */
export async function setTenant(call: Call): Promise<number> {
  const home = call.one("home");
  const cores = call.one("most-cores");
  const region = call.one("region");
  const rule = ruleSaid(call);
  const place = { ...rule, ...(region !== null && { region: region === "none" ? null : region }) };
  const isPlaced = Object.keys(place).length > 0;
  const params = { tenant: call.operands[0] ?? "" };
  const grant = grantSaid(call);
  if (home === null && cores === null && grant === null && !isPlaced)
    throw new Stop(exitCodes.usage, call.say("nothingToSet"));
  const body = { home: home === "none" ? null : home };
  const answers = [
    ...(home === null ? [] : [await call.ask("setHome", { params, body })]),
    ...(cores === null
      ? []
      : [await call.ask("setTenantCores", { params, body: { mostCores: coresSaid(call, cores) } })]),
    ...(grant === null ? [] : [await call.ask("setTenantGrant", { params, body: grant })]),
  ];
  const placed = isPlaced ? await call.ask("setTenantPlace", { params, body: place }) : null;
  const all = placed ? [...answers, placed] : answers;
  if (call.json) await call.printJson(all.at(-1));
  else if (isSame(all)) return saidSame(call, params.tenant);
  else await call.print(`${call.say("changed", { what: call.say("wordTenant"), name: params.tenant })}\n`);
  for (const note of meantBy(call)) call.note(note);
  for (const note of placed?.notes ?? []) call.note(note);
  return exitCodes.done;
}

/** JSON: the API's `Project`; where its place was set, `PlacedProject`. */
export async function setProject(call: Call): Promise<number> {
  const cores = call.one("most-cores");
  const params = { project: call.operands[0] ?? "" };
  const rule = ruleSaid(call);
  const isPlaced = Object.keys(rule).length > 0;
  const grant = grantSaid(call);
  if (cores === null && grant === null && !isPlaced) throw new Stop(exitCodes.usage, call.say("nothingToSet"));
  const answers = [
    ...(cores === null
      ? []
      : [await call.ask("setProjectCores", { params, body: { mostCores: coresSaid(call, cores) } })]),
    ...(grant === null ? [] : [await call.ask("setProjectGrant", { params, body: grant })]),
  ];
  const placed = isPlaced ? await call.ask("setProjectPlace", { params, body: rule }) : null;
  const all = placed ? [...answers, placed] : answers;
  if (call.json) await call.printJson(all.at(-1));
  else if (isSame(all)) return saidSame(call, params.project);
  else await call.print(`${call.say("changed", { what: call.say("wordProject"), name: params.project })}\n`);
  for (const note of meantBy(call)) call.note(note);
  for (const note of placed?.notes ?? []) call.note(note);
  return exitCodes.done;
}

function isSame(answers: readonly { readonly changed: boolean }[]): boolean {
  return answers.every(({ changed }) => changed === false);
}

/** What was to be set is so already, and nothing was done. */
async function saidSame(call: Call, name: string): Promise<number> {
  await call.print(`${call.say("settingSame", { name })}\n`);
  return exitCodes.done;
}

/** JSON: the API's `Project`. */
export async function addProject(call: Call): Promise<number> {
  const tenant = call.one("tenant") ?? (await onlyTenant(call));
  return added(call, "wordProject", await call.ask("addProject", { body: { ...named(call), tenant } }));
}

/** JSON: the API's `Person`. */
export async function setMember(call: Call): Promise<number> {
  const [project = "", person = ""] = call.operands;
  if (call.has("remove")) {
    const answer = await call.ask("removeMember", { params: { project, person } });
    if (call.json) await call.printJson(answer);
    else await call.print(`${call.say("memberRemoved", { name: person, project })}\n`);
    return exitCodes.done;
  }
  const answer = await call.ask("addMember", { params: { project }, body: { person } });
  if (call.json) await call.printJson(answer);
  else if (isSame([answer])) return saidSame(call, person);
  else await call.print(`${call.say("memberAdded", { name: person, project })}\n`);
  return exitCodes.done;
}

/** JSON: the API's `Person`. */
export async function setPerson(call: Call): Promise<number> {
  const [administrator, title] = [call.one("administrator"), call.one("title")];
  if (administrator === null && title === null) throw new Stop(exitCodes.usage, call.say("nothingToSet"));
  const name = call.operands[0] ?? "";
  const body = {
    ...(administrator !== null && { administrator: administrator === "yes" }),
    ...(title !== null && { title }),
  };
  const sentences = [
    ...(administrator === null
      ? []
      : [call.say(administrator === "yes" ? "nowAdministrator" : "noAdministrator", { name })]),
    ...(title === null ? [] : [call.say("nowShownAs", { name, title })]),
  ];
  return changed(call, name, body, sentences);
}

/** JSON: the API's `Person`. With --cancel-jobs what of theirs has not ended is cancelled once nothing more can come. */
export async function disablePerson(call: Call): Promise<number> {
  const name = call.operands[0] ?? "";
  const code = await changed(call, name, { disabled: true }, [call.say("nowDisabled", { name })]);
  if (!call.has("cancel-jobs")) {
    if (!call.json) call.note(call.say("jobsGoOn", { name }));
    return code;
  }
  const jobs = new Set<number>();
  for (const state of ["queued", "placed", "starting", "running"] as const) {
    const found = await everyPage(
      (cursor) => call.ask("jobs", { query: { person: name, state, limit: 1000, ...cursor } }),
      (page) => page.jobs,
    );
    for (const { id } of found) jobs.add(id);
  }
  let count = 0;
  for (const job of jobs) {
    const reply = await call.client().call("cancel", { params: { job }, body: { reason: disabledReason(name) } });
    // Ended meanwhile is as good.
    if (reply.kind === "problem" && reply.problem.type.endsWith("/already-ended")) continue;
    call.answered(reply);
    count++;
  }
  call.note(call.say("jobsCancelled", { count, name }));
  return code;
}

/** JSON: the API's `Person`. */
export async function enablePerson(call: Call): Promise<number> {
  const name = call.operands[0] ?? "";
  return changed(call, name, { disabled: false }, [call.say("nowEnabled", { name })]);
}

async function changed(
  call: Call,
  person: string,
  body: Arguments<"setPerson">[0]["body"],
  sentences: readonly string[],
): Promise<number> {
  const answer = await call.ask("setPerson", { params: { person }, body });
  if (call.json) await call.printJson(answer);
  else if (isSame([answer])) return saidSame(call, person);
  else await call.print(`${sentences.join("\n")}\n`);
  return exitCodes.done;
}

/** JSON: the API's `PersonWithLink`. */
export async function addPerson(call: Call): Promise<number> {
  const projects = call.all("project");
  const body = {
    ...named(call),
    administrator: call.has("administrator"),
    ...(projects.length > 0 && { projects: [...projects] }),
  };
  const answer = await call.ask("addPerson", { body });
  if (!call.json) call.note(call.say("added", { what: call.say("wordPerson"), name: answer.person.name }));
  return printLink(call, answer);
}

/** JSON: the API's `PersonWithLink`. */
export async function signInLink(call: Call): Promise<number> {
  return printLink(call, await call.ask("addSignInLink", { params: { person: call.operands[0] ?? "" }, body: {} }));
}

/** JSON: the API's `EnrolmentToken`; else the token alone on standard output. */
export async function enrolCentre(call: Call): Promise<number> {
  const answer = await call.ask("addEnrolment", { params: { centre: call.operands[0] ?? "" }, body: {} });
  if (call.json) await call.printJson(answer);
  else {
    call.note(call.say("enrolUntil", { centre: answer.centre, time: timeText(answer.expiresMs) }));
    await call.print(`${answer.token}\n`);
  }
  return exitCodes.done;
}

/** JSON: `{"tasks": N}`, as the API answers. */
export async function declareLost(call: Call): Promise<number> {
  const name = call.operands[0] ?? "";
  const { job, index } = taskOperand(call, name);
  const reason = call.one("reason");
  if (reason === null) throw new Stop(exitCodes.usage, call.say("noReason"));
  const body = { reason, ...(index !== null && { index }) };
  const answer = await call.ask("declareLost", { params: { job }, body });
  if (call.json) await call.printJson(answer);
  else await call.print(`${call.say("declaredLost", { job: name, tasks: answer.tasks })}\n`);
  return exitCodes.done;
}

/** `none`: any number. */
function coresSaid(call: Call, said: string): number | null {
  if (said === "none") return null;
  if (/^\d+$/.test(said) && Number(said) >= 1 && Number(said) <= mostSet) return Number(said);
  throw new Stop(exitCodes.usage, call.say("notCores", { said, most: mostSet }));
}

/** As the API has it for cores and hours. */
const mostSet = 2_000_000_000;

/** What each thing that was set means; of domestic equipment the server says more. */
function meantBy({ one, language }: Call): readonly string[] {
  const hours = (of: "core" | "card", nothing: SettingKind) => {
    const said = one(`${of}-hours`);
    const unit = grantedUnits[of][language];
    if (said === null) return [];
    if (said === "none") return [settingWords("anyHours", language, { unit })];
    return [settingWords(Number(said) === 0 ? nothing : "hours", language, { hours: Number(said), unit })];
  };
  const meant = (option: string, none: SettingKind, some: SettingKind, fact: string) => {
    const said = one(option);
    if (said === null) return [];
    return [settingWords(said === "none" ? none : some, language, { [fact]: said })];
  };
  const regions = one("residency")
    ?.split(",")
    .join(language === "zh" ? "、" : ", ");
  const domestic = one("domestic");
  return [
    ...meant("home", "noHome", "home", "centre"),
    ...meant("most-cores", "anyCores", "cores", "cores"),
    ...hours("core", "noCoreHours"),
    ...hours("card", "noCardHours"),
    ...meant("region", "noRegion", "region", "region"),
    ...(regions === undefined
      ? []
      : [settingWords(regions === "none" ? "anywhere" : "residency", language, { regions })]),
    ...(domestic === null ? [] : [settingWords(domestic === "yes" ? "domestic" : "anyEquipment", language)]),
  ];
}

/** Where its work may go, as far as it was said; `none`: anywhere. */
function ruleSaid(call: Call): { readonly residency?: string[] | null; readonly domestic?: boolean } {
  const [residency, domestic] = [call.one("residency"), call.one("domestic")];
  return {
    ...(residency !== null && { residency: residency === "none" ? null : residency.split(",") }),
    ...(domestic !== null && { domestic: domestic === "yes" }),
  };
}

/** `cn-sd,cn-gz domestic`; empty: nothing binds. */
function ruleText({ residency, domestic }: Answer<"setProjectPlace">["place"], { say }: Call): string {
  return [...(residency ? [residency.join(",")] : []), ...(domestic ? [say("domesticOnly")] : [])].join(" ");
}

/** Hours from now on; null: nothing was said of them. */
function grantSaid(call: Call): { readonly coreHours?: number | null; readonly cardHours?: number | null } | null {
  const [coreHours, cardHours] = [hoursSaid(call, "core-hours"), hoursSaid(call, "card-hours")];
  if (coreHours === undefined && cardHours === undefined) return null;
  return { ...(coreHours !== undefined && { coreHours }), ...(cardHours !== undefined && { cardHours }) };
}

function hoursSaid(call: Call, option: "core-hours" | "card-hours"): number | null | undefined {
  const said = call.one(option);
  if (said === null) return undefined;
  if (said === "none") return null;
  if (/^\d+$/.test(said) && Number(said) <= mostSet) return Number(said);
  throw new Stop(exitCodes.usage, call.say("notHours", { option, said, most: mostSet }));
}

export function grantsText(grants: Answer<"tenants">["tenants"][number]["grants"], say: Call["say"]): string {
  return grants
    .map(({ unit, granted, left }) =>
      oneHour(
        say(unit === "core-ms" ? "grant_core" : "grant_card", {
          granted: hoursText(BigInt(granted), unit),
          left: hoursText(BigInt(left), unit),
        }),
      ),
    )
    .join(say("comma"));
}

function coresText(mostCores: number | null): string {
  return mostCores === null ? "" : `${mostCores}`;
}

export async function printLink(call: Call, answer: Answer<"addSignInLink">): Promise<number> {
  if (call.json) await call.printJson(answer);
  else {
    call.note(call.say("linkUntil", { name: answer.person.name, time: timeText(answer.expiresMs) }));
    await call.print(`${answer.signInUrl}\n`);
  }
  return exitCodes.done;
}

function named(call: Call): { readonly name: string; readonly title?: string } {
  const title = call.one("title");
  return { name: call.operands[0] ?? "", ...(title !== null && { title }) };
}

/** Where there is but one tenant, a project needs none named. */
async function onlyTenant(call: Call): Promise<string> {
  const { tenants } = await call.ask("tenants", { query: { limit: 2 } });
  const [only] = tenants;
  if (only && tenants.length === 1) return only.name;
  throw new Stop(exitCodes.usage, call.say("noTenantNamed"));
}

async function added(
  call: Call,
  what: "wordTenant" | "wordProject",
  answer: { readonly name: string },
): Promise<number> {
  if (call.json) await call.printJson(answer);
  else await call.print(`${call.say("added", { what: call.say(what), name: answer.name })}\n`);
  return exitCodes.done;
}

async function list(
  call: Call,
  json: unknown,
  titles: readonly (
    | "columnName"
    | "columnTitle"
    | "columnHome"
    | "columnMostCores"
    | "columnGrants"
    | "columnRegion"
    | "columnBound"
    | "columnTenant"
    | "columnRole"
    | "columnProjects"
  )[],
  rows: readonly (readonly string[])[],
): Promise<number> {
  if (call.json) await call.printJson(json);
  else
    await call.printTable(
      titles.map((title) => ({ title: call.say(title) })),
      rows,
    );
  return exitCodes.done;
}
