import { readFile } from "node:fs/promises";
import type { Answer } from "#api/client.ts";
import type { Centre } from "#api/network.ts";
import type { Call } from "#cli/call.ts";
import { centreLimits } from "#cli/commands/centre-limits.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import {
  connectionText,
  inNetworkTime,
  intakeStepText,
  memoryText,
  shapeText,
  timeCell,
  timeText,
  timeTitle,
} from "#cli/formats.ts";
import { everyPage } from "#cli/pages.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { driverNames } from "#core/centre/centre.ts";
import type { IntakeStep } from "#core/centre/intake.ts";
import { mechanismsInWords, mechanismText } from "#core/centre/mechanisms.ts";
import { regionWords } from "#core/centre/region.ts";
import { shutPoolText } from "#core/centre/shut-pool.ts";
import { durationWords } from "#core/measures.ts";

/** JSON: `{"centre": Centre, "token": …, "expiresMs": …}`; else the one-time token alone on standard output. */
export async function addCentre(call: Call): Promise<number> {
  const [name, nameZh, regionCode] = [call.one("title"), call.one("title-zh"), call.one("region")];
  const driver = driverNames.find((one) => one === call.one("driver")) ?? "process";
  const centre = await call.ask("addCentre", {
    body: {
      id: call.operands[0] ?? "",
      driver,
      ...(name !== null && { name }),
      ...(nameZh !== null && { nameZh }),
      ...(regionCode !== null && { regionCode }),
    },
  });
  const { token, expiresMs } = await call.ask("addEnrolment", { params: { centre: centre.id }, body: {} });
  if (call.json) await call.printJson({ centre, token, expiresMs });
  else {
    call.note(call.say("added", { what: call.say("wordCentre"), name: centre.id }));
    call.note(call.say("enrolUntil", { centre: centre.id, time: timeText(expiresMs) }));
    await call.print(`${token}\n`);
  }
  return exitCodes.done;
}

/** JSON: the API's `Centre`, for an administrator with `"intake": CentreIntake` in place of its one word. */
export async function showCentre(call: Call): Promise<number> {
  if (call.has("limits")) return centreLimits(call);
  const id = call.operands[0] ?? "";
  const found = await everyPage(
    (cursor) => call.ask("centres", { query: { limit: 1000, ...cursor } }),
    (page) => page.centres,
  );
  const one = found.find((each) => each.id === id);
  if (!one) throw new Stop(exitCodes.refused, call.say("noSuchCentre", { centre: id }));
  const centre = { ...one, pools: one.pools.toSorted(byName) };
  const { person } = await call.ask("me");
  const intake = person.administrator ? await call.ask("intake", { params: { centre: id } }) : null;
  if (call.json) await call.printJson(intake ? { ...centre, intake } : centre);
  else {
    await printCentre(call, centre);
    await printMechanisms(call, centre);
    await printPools(call, centre);
    await printHeadroom(call, centre);
    await printTimes(call, centre);
    if (intake) await printHistory(call, intake);
  }
  return exitCodes.done;
}

/** As people count: p2 before p10. */
const byName = (one: Pool, other: Pool) => one.name.localeCompare(other.name, "en", { numeric: true });

export const drain = (call: Call) => takeStep(call, "drain");
export const suspend = (call: Call) => takeStep(call, "suspend");
export const resume = (call: Call) => takeStep(call, "resume");

/** What becomes of queued and running work is said first, and nothing is done without --yes. */
export async function leave(call: Call): Promise<number> {
  if (call.has("yes")) return takeStep(call, "leave");
  call.note(call.say("leaveWould", { centre: call.operands[0] ?? "" }));
  await sayConsequences(call, "leave");
  throw new Stop(exitCodes.usage, call.say("sayYes"));
}

/**
 * JSON: the API's `TermsInForce`; --set FILE puts its `terms`, or a file of the terms alone, in force, and says first what
 * that does. --preview FILE says it and no more; JSON: the API's `TermsPreview`.
 */
export async function terms(call: Call): Promise<number> {
  const centre = call.operands[0] ?? "";
  const [file, looked] = [call.one("set"), call.one("preview")];
  if (looked !== null) {
    const preview = await previewTerms(call, centre, (await readTerms(call, looked)).terms);
    if (call.json) await call.printJson(preview);
    return exitCodes.done;
  }
  const answer = file === null ? await call.ask("terms", { params: { centre } }) : await setTerms(call, centre, file);
  if (call.json) await call.printJson(answer);
  else {
    const [newest] = answer.versions;
    call.note(
      newest
        ? call.say("termsSet", { version: newest.version, person: newest.setBy, time: timeText(newest.setMs) })
        : call.say("termsDefault"),
    );
    await call.print(`${JSON.stringify(answer.terms, null, 2)}\n`);
  }
  return exitCodes.done;
}

/** JSON: `{}`, as the API answers. */
export async function rotate(call: Call): Promise<number> {
  const centre = call.operands[0] ?? "";
  const answer = await call.ask("askRotation", { params: { centre }, body: {} });
  if (call.json) await call.printJson(answer);
  else await call.print(`${call.say("rotationAsked", { centre })}\n`);
  return exitCodes.done;
}

/** JSON: the API's `CredentialsRevoked`. */
export async function revoke(call: Call): Promise<number> {
  const centre = call.operands[0] ?? "";
  if (!call.has("yes")) {
    call.note(call.say("revokeMeans", { centre }));
    throw new Stop(exitCodes.usage, call.say("sayYes"));
  }
  const answer = await call.ask("revokeCredentials", { params: { centre } });
  if (call.json) await call.printJson(answer);
  else await call.print(`${call.say("centreRevoked", { centre, count: answer.credentials })}\n`);
  return exitCodes.done;
}

/** JSON: the API's `CentreIntake`. What the step does to work that is there is said before it is taken. */
async function takeStep(call: Call, step: IntakeStep): Promise<number> {
  const centre = call.operands[0] ?? "";
  await sayConsequences(call, step);
  const answer = await call.ask("setIntake", { params: { centre }, body: { step } });
  if (call.json) await call.printJson(answer);
  else await call.print(`${call.say("intakeNow", { centre, intake: call.say(`intake_${answer.intake}`) })}\n`);
  return exitCodes.done;
}

async function sayConsequences(call: Call, step: IntakeStep): Promise<void> {
  const { steps } = await call.ask("intake", { params: { centre: call.operands[0] ?? "" } });
  for (const words of steps.find((one) => one.step === step)?.consequences ?? []) call.note(words);
}

async function setTerms(call: Call, centre: string, file: string): Promise<Answer<"terms">> {
  const read = await readTerms(call, file);
  const base = read.base ?? newestOf(await call.ask("terms", { params: { centre } }));
  await previewTerms(call, centre, read.terms);
  return call.ask("setTerms", { params: { centre }, query: { base }, body: read.terms });
}

/** 0: nobody has set any. */
function newestOf({ versions }: Pick<Answer<"terms">, "versions">): number {
  return versions[0]?.version ?? 0;
}

async function previewTerms(
  call: Call,
  centre: string,
  body: Answer<"terms">["terms"],
): Promise<Answer<"previewTerms">> {
  const preview = await call.ask("previewTerms", { params: { centre }, body });
  for (const words of preview.consequences) call.note(words);
  if (preview.consequences.length === 0) call.note(call.say("termsSame"));
  return preview;
}

/** `base`: the version that was in force when the file was made, where it says so. */
async function readTerms(
  call: Call,
  path: string,
): Promise<{ readonly terms: Answer<"terms">["terms"]; readonly base: number | null }> {
  try {
    const read: unknown = JSON.parse(await readFile(path, "utf8"));
    // The server's schema says what is wrong with it, field by field.
    const whole = (terms: unknown) => terms as Answer<"terms">["terms"];
    if (typeof read !== "object" || read === null || !("terms" in read)) return { terms: whole(read), base: null };
    const versions = "versions" in read && Array.isArray(read.versions) ? read.versions : null;
    return { terms: whole(read.terms), base: versions && newestOf({ versions }) };
  } catch (error) {
    const words = fileTroubleWords(error, call.say);
    throw new Stop(exitCodes.usage, call.say("termsNotRead", { path, words }));
  }
}

async function printCentre(call: Call, centre: Centre): Promise<void> {
  const { say } = call;
  const name = call.language === "zh" ? (centre.nameZh ?? centre.name) : centre.name;
  await call.printFacts([
    [say("columnCentre"), centre.id],
    [say("columnTitle"), name],
    [say("factDriver"), centre.driver],
    [say("factLifeCycle"), say(`lifeCycle_${centre.lifeCycle}`)],
    ...(centre.lifeCycle === "retired" ? [] : [[say("columnState"), connectionText(centre.state, say)] as const]),
    [say("factIntake"), intakeText(call, centre)],
    ...(centre.region === null ? [] : [[say("factRegion"), regionWords(centre.region, call.language)] as const]),
    [say("columnSeen"), centre.lastSeenMs === null ? say("never") : timeText(centre.lastSeenMs)],
    ...(centre.agentVersion === null ? [] : [[say("factAgent"), centre.agentVersion] as const]),
  ]);
}

/** Before it is in service nothing is sent there, whatever it is ready to take. */
function intakeText({ say }: Call, { intake, lifeCycle }: Centre): string {
  const isBefore = lifeCycle === "planned" || lifeCycle === "building" || lifeCycle === "trial";
  return say(isBefore && intake === "open" ? "intakeOnTrial" : `intake_${intake}`);
}

async function printMechanisms(call: Call, { mechanisms }: Centre): Promise<void> {
  const said = mechanismsInWords(mechanisms, call.language);
  if (said.length === 0) return;
  await call.print("\n");
  await call.printFacts(said.map(({ title, text }) => [title, inNetworkTime(text)]));
}

async function printPools(call: Call, { pools, mechanisms }: Centre): Promise<void> {
  const { say } = call;
  if (pools.length === 0) return;
  await call.print("\n");
  await call.printTable(
    [
      { title: say("columnPool") },
      { title: say("columnContract") },
      { title: say("columnState") },
      { title: say("columnNodes"), align: "right" },
      { title: say("columnCores"), align: "right" },
      { title: say("columnFree"), align: "right" },
      { title: say("columnMemory"), align: "right" },
      { title: say("columnLimits") },
      { title: say("columnOthers"), flexible: true },
      { title: say("columnRuns"), align: "right" },
      { title: say("columnWaiting"), align: "right" },
    ],
    pools.map((pool) => [
      pool.name,
      say(`contract_${pool.contract}`),
      pool.state === null ? say("poolNotReported") : say(`pool_${pool.state}`),
      pool.nodesUp === pool.nodes ? `${pool.nodes}` : `${pool.nodesUp}/${pool.nodes}`,
      `${pool.cores}`,
      `${pool.free.cores}`,
      memoryText(pool.memoryMib),
      limitsText(call, pool.limits),
      othersText(call, pool.foreign, mechanisms.load !== undefined),
      `${pool.runs}`,
      pool.contract === "shared" ? `${pool.waiting} (${say("atMost", { limit: pool.maxPending })})` : `${pool.waiting}`,
    ]),
  );
}

async function printHeadroom(call: Call, { pools }: Centre): Promise<void> {
  if (pools.length === 0) return;
  await call.print("\n");
  await call.printFacts(
    pools.map(({ name, startable }) => [
      call.say("startsNow", { pool: name }),
      startable.map((one) => shapeText(one, call.say)).join(" | ") || call.say("startsNothing"),
    ]),
  );
}

async function printTimes(call: Call, { pools }: Centre): Promise<void> {
  const said = pools.flatMap(({ name, maintenance, reserved, shut }) => [
    ...(shut === null ? [] : [[call.say("shutOf", { pool: name }), shutPoolText(shut, call.language)] as const]),
    ...(reserved === null
      ? []
      : [
          [
            call.say("reservedOf", { pool: name }),
            `${timeCell(reserved.startsMs)} – ${timeText(reserved.endsMs)}`,
          ] as const,
        ]),
    ...maintenance.map(({ names, startsMs, endsMs }): readonly [string, string] => [
      call.say("maintenanceOf", { pool: name }),
      `${timeCell(startsMs)} – ${timeText(endsMs)}  ${names}`,
    ]),
  ]);
  if (said.length === 0) return;
  await call.print("\n");
  await call.printFacts(said);
}

type Pool = Centre["pools"][number];

function limitsText({ say, language }: Call, { timeLimitS, leastNodes, mostNodes }: Pool["limits"]): string {
  const nodes =
    mostNodes === null ? `≥ ${leastNodes}` : leastNodes === mostNodes ? `${mostNodes}` : `${leastNodes}–${mostNodes}`;
  return [
    ...(timeLimitS === null ? [] : [durationWords(timeLimitS * 1000, language)]),
    ...(leastNodes === 1 && mostNodes === null ? [] : [say(nodes === "1" ? "nodeOf" : "nodesOf", { nodes })]),
  ].join(say("clause"));
}

/** `isSaid`: why others cannot be seen stands above, among the mechanisms. */
function othersText({ say, language }: Call, foreign: Pool["foreign"], isSaid: boolean): string {
  if (foreign.kind === "none") return say("othersNone");
  if (foreign.kind === "hidden")
    return isSaid
      ? say("othersHidden")
      : say("othersHiddenWhy", { why: mechanismText("load", foreign.why ?? "", language) });
  const { runningCores, waitingJobs, nextEndsInMs } = foreign;
  const words = say("othersSeen", { cores: runningCores, jobs: waitingJobs });
  return nextEndsInMs === null
    ? words
    : `${words}${say("clause")}${say("othersNextEnd", { span: durationWords(nextEndsInMs, language) })}`;
}

async function printHistory(call: Call, { history }: Answer<"intake">): Promise<void> {
  if (history.length === 0) return;
  await call.print("\n");
  await call.printTable(
    [
      { title: timeTitle("columnTime", call.say) },
      { title: call.say("columnStep") },
      { title: call.say("columnPerson"), flexible: true },
    ],
    history.map(({ step, by, atMs }) => [timeCell(atMs), intakeStepText(step, call.say), by ?? call.say("theNetwork")]),
  );
}
