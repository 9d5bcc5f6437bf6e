import { badValue, type Call } from "#cli/call.ts";
import { timeCell, timeTitle } from "#cli/formats.ts";
import { everyPage } from "#cli/pages.ts";
import { exitCodes } from "#cli/stop.ts";

/** JSON: `{"tokens": [Token…], "next": null}`. */
export async function tokens(call: Call): Promise<number> {
  const { say } = call;
  const found = await everyPage(
    (cursor) => call.ask("tokens", { query: { limit: 1000, ...cursor } }),
    (page) => page.tokens,
  );
  if (call.json) {
    await call.printJson({ tokens: found, next: null });
    return exitCodes.done;
  }
  await call.printTable(
    [
      { title: say("columnId"), align: "right" },
      { title: say("columnName"), flexible: true },
      { title: timeTitle("columnCreated", say) },
      { title: timeTitle("columnExpires", say) },
      { title: timeTitle("columnUsed", say) },
    ],
    found.map((token) => [
      `${token.id}`,
      token.name,
      timeCell(token.createdMs),
      token.expiresMs === null ? say("forEver") : timeCell(token.expiresMs),
      token.lastUsedMs === null ? say("never") : timeCell(token.lastUsedMs),
    ]),
  );
  return exitCodes.done;
}

/** Of expiresInS in api/network.ts. */
const mostDays = 366;

/** JSON: `{"token": Token, "secret"}`; else the secret alone on standard output. */
export async function addToken(call: Call): Promise<number> {
  const days = call.number("expires", 1, mostDays);
  const body = { name: call.operands[0] ?? "", ...(days !== null && { expiresInS: days * 86_400 }) };
  const made = await call.ask("addToken", { body });
  if (call.json) await call.printJson(made);
  else {
    call.note(call.say("tokenOnce"));
    await call.print(`${made.secret}\n`);
  }
  return exitCodes.done;
}

/** JSON: `{"revoked": id}`. */
export async function revokeToken(call: Call): Promise<number> {
  const text = call.operands[0] ?? "";
  if (!/^[1-9]\d{0,15}$/.test(text)) throw badValue(call.say, "ID", text, call.say("expectedNumber", { least: 1 }));
  await call.ask("revokeToken", { params: { token: Number(text) } });
  if (call.json) await call.printJson({ revoked: Number(text) });
  else await call.print(`${call.say("revoked", { id: text })}\n`);
  const who = await call.client().call("me");
  if (who.kind === "problem" && who.problem.status === 401) call.note(call.say("revokedOwn"));
  return exitCodes.done;
}
