import type { Answer } from "#api/client.ts";
import { badValue, type Call } from "#cli/call.ts";
import { inNetworkTime, timeCell, timeTitle } from "#cli/formats.ts";
import { periodAsked } from "#cli/moments.ts";
import { exitCodes } from "#cli/stop.ts";
import { aboutKinds } from "#core/act.ts";

type Acts = Answer<"acts">["acts"];

/** JSON: `{"acts": [Act…], "next": cursor | null}`. */
export async function events(call: Call): Promise<number> {
  const { say } = call;
  const query = {
    group: call.one("kind"),
    person: call.one("by"),
    about: aboutAsked(call),
    ...periodAsked(call, Date.now()),
  };
  const asked = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== null));
  const wanted = call.has("all") ? Number.POSITIVE_INFINITY : (call.number("limit", 1) ?? (call.json ? 100 : 30));
  const found: Acts[number][] = [];
  let next = call.one("cursor");
  do {
    const limit = Math.min(1000, wanted - found.length);
    const page = await call.ask("acts", { query: { ...asked, limit, ...(next !== null && { cursor: next }) } });
    found.push(...page.acts);
    next = page.next;
  } while (next !== null && found.length < wanted);
  if (call.json) {
    await call.printJson({ acts: found, next });
    return exitCodes.done;
  }
  if (found.length === 0) call.note(say("noActs"));
  else
    await call.printTable(
      [
        { title: timeTitle("columnTime", say) },
        { title: say("columnBy") },
        { title: say("columnAbout"), flexible: true },
        { title: say("columnDone"), flexible: 20 },
      ],
      found.map(({ atMs, by, about, words }) => [
        timeCell(atMs),
        by ?? say("theNetwork"),
        about === null ? say("theNetwork") : say("actAbout", { kind: say(`about_${about.kind}`), name: about.name }),
        inNetworkTime(words),
      ]),
    );
  if (next !== null) call.note(say("moreOfList", { next }));
  return exitCodes.done;
}

function aboutAsked(call: Call): string | null {
  const about = call.one("about");
  if (about === null || aboutKinds.some((kind) => about.startsWith(`${kind}:`) && about.length > kind.length + 1))
    return about;
  throw badValue(call.say, "--about", about, call.say("expectedAbout"));
}
