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
  const answer =
    file === null
      ? await call.ask("agreements", {})
      : await call.ask("setAgreements", { body: await readDocument(call, file) });
  if (call.json) await call.printJson(answer);
  else await print(call, answer);
  return exitCodes.done;
}

async function print(call: Call, { version, setBy, setMs, document }: Answer<"agreements">): Promise<void> {
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
  await call.print(`${say(document.otherwise === "allowed" ? "otherwiseAllowed" : "otherwiseRefused")}\n`);
}

async function readDocument(call: Call, path: string): Promise<Answer<"agreements">["document"]> {
  try {
    const read: unknown = JSON.parse(await readFile(path, "utf8"));
    const whole = typeof read === "object" && read !== null && "document" in read ? read.document : read;
    // The server's schema says what is wrong with it, field by field.
    return whole as Answer<"agreements">["document"];
  } catch (error) {
    const isFile = error instanceof Error && "code" in error;
    const words = isFile ? fileTroubleWords(error, call.say) : error instanceof Error ? error.message : String(error);
    throw new Stop(exitCodes.usage, call.say("agreementsNotRead", { path, words }));
  }
}
