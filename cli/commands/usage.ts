import { badValue, type Call } from "#cli/call.ts";
import { grantsText } from "#cli/commands/admin.ts";
import { amountTexts, costText } from "#cli/formats.ts";
import { dayOf, parseTimeMs } from "#cli/moments.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import { networkZone } from "#core/ledger/network-day.ts";
import { durationWords } from "#core/measures.ts";

const dimensions = ["project", "person", "centre", "job", "day"] as const;

/** JSON: the API's `UsagePage`: `{"by", "rows": [{"key", "runs", "amounts", "cost"}], "total", "next"}`. */
export async function usage(call: Call): Promise<number> {
  const { say } = call;
  const nowMs = Date.now();
  const by = dimensions.find((dimension) => dimension === call.one("by")) ?? "project";
  const [fromMs, toMs] = [momentOf(call, "from", nowMs), momentOf(call, "to", nowMs)];
  if (fromMs !== null && toMs !== null && fromMs > toMs)
    throw new Stop(exitCodes.usage, say("fromAfterTo", { from: "from", to: "to" }));
  const [project, cursor] = [call.one("project"), call.one("cursor")];
  const page = await call.ask("usage", {
    query: {
      by,
      limit: Math.min(1000, call.number("limit", 1) ?? 100),
      ...(fromMs !== null && { fromMs }),
      ...(toMs !== null && { toMs }),
      ...(project !== null && { project }),
      ...(cursor !== null && { cursor }),
    },
  });
  if (call.json) {
    await call.printJson(page);
    return exitCodes.done;
  }
  const titles = { project: "columnProject", person: "columnPerson", centre: "columnCentre" } as const;
  const title =
    by === "job"
      ? say("columnId")
      : by === "day"
        ? say("beside", { words: say("columnDay"), more: networkZone })
        : say(titles[by]);
  const rows = [...page.rows, { ...page.total, key: say("total") }];
  await call.printTable(
    [
      { title, flexible: true },
      { title: say("columnRuns"), align: "right", leaves: 2 },
      { title: say("columnCoreTime"), align: "right" },
      { title: say("columnCardTime"), align: "right" },
      { title: say("columnMemoryTime"), align: "right" },
      { title: say("columnRunTime"), align: "right", leaves: 1 },
      { title: say("columnCost"), align: "right" },
    ],
    rows.map(({ key, runs, amounts, cost }) => {
      const { cores, cards, memory } = amountTexts(amounts);
      const elapsed = durationWords(Number(amounts.wallMs), call.language);
      return [key, `${runs}`, cores, cards, memory, elapsed, costText(cost, say)];
    }),
  );
  await printGrants(call, project);
  if (page.next !== null) call.note(say("moreOfList", { next: page.next }));
  return exitCodes.done;
}

/** What is left of what one's projects, and their tenants, were granted; nothing where all may use any number. */
async function printGrants(call: Call, project: string | null): Promise<void> {
  const { say } = call;
  const { projects } = await call.ask("projects", { query: { limit: 1000 } });
  const { tenants } = await call.ask("tenants", { query: { limit: 1000 } });
  const shown = projects.filter(({ name }) => project === null || name === project);
  const owners = [
    ...shown.map((one) => ({ ...one, of: "wordProject" as const })),
    ...tenants
      .filter(({ name }) => shown.some(({ tenant }) => tenant === name))
      .map((one) => ({ ...one, of: "wordTenant" as const })),
  ].filter(({ grants }) => grants.length > 0);
  if (owners.length === 0) return;
  await call.print("\n");
  await call.printTable(
    [{ title: say("columnName") }, { title: say("columnOwner") }, { title: say("columnGrants"), flexible: true }],
    owners.map(({ name, of, grants }) => [name, say(of), grantsText(grants, say)]),
  );
}

/** A date is a whole day of the network, as `--by day` labels them; everything else a moment. `--to` counts its day. */
function momentOf(call: Call, option: "from" | "to", nowMs: number): number | null {
  const text = call.one(option);
  if (text === null) return null;
  const day = dayOf(text, nowMs);
  if (day) return option === "from" ? day.fromMs : day.toMs;
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? null : parseTimeMs(text, nowMs);
  if (atMs === null) throw badValue(call.say, `--${option}`, text, call.say("expectedTime"));
  return atMs;
}

/** JSON: the API's `LedgerCheck`. Exit status 1 where the books do not balance. */
export async function ledgerCheck(call: Call): Promise<number> {
  const { say } = call;
  const check = await call.ask("ledgerCheck");
  const code = check.balanced ? exitCodes.done : exitCodes.failed;
  if (call.json) {
    await call.printJson(check);
    return code;
  }
  await call.print(`${check.balanced ? say("balanced", { transfers: check.transfers }) : say("notBalanced")}\n`);
  for (const finding of check.findings) await call.print(`  ${finding}\n`);
  await call.printTable(
    [
      { title: say("columnUnit"), flexible: true },
      { title: say("columnDebits"), align: "right" },
      { title: say("columnCredits"), align: "right" },
      { title: say("columnPending"), align: "right" },
    ],
    check.units.map((unit) => [unit.unit, unit.debitsPosted, unit.creditsPosted, unit.debitsPending]),
  );
  return code;
}
