import { readFile } from "node:fs/promises";
import type { Answer } from "#api/client.ts";
import type { Call } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { timeText } from "#cli/formats.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { regionWords } from "#core/centre/region.ts";
import { hoursWords } from "#core/centre/terms-consequences.ts";

/** What regions have agreed. JSON: the API's `AgreementsInForce`; `--set` takes that, or its `document` alone. */
export async function agreements(call: Call): Promise<number> {
  const file = call.one("set");
  const answer = file === null ? await call.ask("agreements", {}) : await setAgreements(call, file);
  if (call.json) await call.printJson(answer);
  else await print(call, answer);
  return exitCodes.done;
}

async function setAgreements(call: Call, file: string): Promise<Answer<"agreements">> {
  const read = await readDocument(call, file);
  const { version } = await call.ask("agreements", {});
  const answer = await call.ask("setAgreements", { query: { base: read.base ?? version }, body: read.document });
  if (answer.version === version) call.note(call.say("agreementsSame"));
  return answer;
}

async function print(call: Call, { version, setBy, setMs, document, unstated }: Answer<"agreements">): Promise<void> {
  const { say, language } = call;
  call.note(
    setBy === null || setMs === null
      ? say("agreementsNone")
      : say("agreementsSet", { version, person: setBy, time: timeText(setMs) }),
  );
  const regions = (codes: readonly string[]) => codes.map((code) => regionWords(code, language)).join(say("comma"));
  const rows = document.agreements.map(({ from, to, sharePercent, hours, terms }) => [
    regions(from),
    regions(to),
    sharePercent === null ? "" : `${sharePercent} %`,
    hours.map((one) => hoursWords(one, language)).join(say("comma")),
    terms.replaceAll(/\s+/g, " "),
  ]);
  const titles = [
    "columnWorkFrom",
    "columnMayRunIn",
    "columnShareOfPools",
    "columnAgreedHours",
    "columnTermsOf",
  ] as const;
  if (rows.length > 0)
    await call.printTable(
      titles.map((title) => ({ title: say(title) })),
      rows,
    );
  const { tenants, centres } = unstated;
  if (document.otherwise === "refused" && tenants > 0) call.note(say("agreementsUnstatedTenants", { tenants }));
  if (document.otherwise === "refused" && centres > 0) call.note(say("agreementsUnstatedCentres", { centres }));
  await call.print(`${say(document.otherwise === "allowed" ? "otherwiseAllowed" : "otherwiseRefused")}\n`);
}

/** `base`: the version that was in force when the file was made, where it says so. */
async function readDocument(
  call: Call,
  path: string,
): Promise<{ readonly document: Answer<"agreements">["document"]; readonly base: number | null }> {
  try {
    const read: unknown = JSON.parse(await readFile(path, "utf8"));
    // The server's schema says what is wrong with it, field by field.
    const whole = (document: unknown) => document as Answer<"agreements">["document"];
    if (typeof read !== "object" || read === null || !("document" in read))
      return { document: whole(read), base: null };
    const base = "version" in read && typeof read.version === "number" ? read.version : null;
    return { document: whole(read.document), base };
  } catch (error) {
    const words = fileTroubleWords(error, call.say);
    throw new Stop(exitCodes.usage, call.say("agreementsNotRead", { path, words }));
  }
}
