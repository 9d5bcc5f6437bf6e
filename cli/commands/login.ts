import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createClient } from "#api/client.ts";
import type { Call } from "#cli/call.ts";
import { printLink } from "#cli/commands/admin.ts";
import { loginFile, parseUrl, readLogin } from "#cli/connection.ts";
import { exitCodes, Stop, stopOf } from "#cli/stop.ts";

/** JSON: `{"server", "person"}`. Keeps server and token in one file of mode 0600, in place of an earlier login. */
export async function login(call: Call): Promise<number> {
  const { say } = call;
  const [operand] = call.operands;
  const url = operand === undefined ? call.connection().url : parseUrl(operand, "SERVER", say);
  const code = call.one("code") ?? /[#&]code=([^&]+)/.exec(operand ?? "")?.[1] ?? null;
  const token = code === null && call.has("token-stdin") ? await standardInput(call) : await signIn(call, url, code);
  const client = createClient({ baseUrl: url, token: () => token, language: () => call.language });
  const reply = await client.call("me");
  if (reply.kind === "problem") throw stopOf(reply.problem);
  keep(loginFile(call.terminal.environment), JSON.stringify({ url, token }));
  const { person } = reply.value;
  if (call.json) await call.printJson({ server: url, person });
  else await call.print(`${say("signedInAs", { server: url, name: person.name })}\n`);
  return exitCodes.done;
}

/** JSON: `{"server"}`. */
export async function logout(call: Call): Promise<number> {
  const { environment } = call.terminal;
  const kept = readLogin(environment);
  if (!kept) {
    call.note(call.say("notLoggedIn"));
    return exitCodes.done;
  }
  const client = createClient({ baseUrl: kept.url, token: () => kept.token, language: () => call.language });
  try {
    await client.call("signOut", { body: {} });
  } finally {
    // Also where the server is away: who signs out wants the token gone from here.
    rmSync(loginFile(environment), { force: true });
  }
  if (call.json) await call.printJson({ server: kept.url });
  else await call.print(`${call.say("signedOut")}\n`);
  return exitCodes.done;
}

/** JSON: the API's `PersonWithLink`. */
export async function open(call: Call): Promise<number> {
  const { person } = await call.ask("me");
  return printLink(call, await call.ask("addSignInLink", { params: { person: person.name }, body: {} }));
}

async function signIn(call: Call, url: string, code: string | null): Promise<string> {
  const name = call.one("user");
  if (code === null && name === null) throw new Stop(exitCodes.usage, call.say("howToLogin"));
  const body = code === null ? { name: name ?? "", password: await password(call, name ?? "") } : { code };
  const client = createClient({ baseUrl: url, language: () => call.language });
  const reply = await client.call("signIn", { body, query: { as: "token" } });
  if (reply.kind === "problem") throw stopOf(reply.problem);
  if (reply.value.token === null) throw new Error("the server signed in without giving a token");
  return reply.value.token;
}

async function password(call: Call, name: string): Promise<string> {
  if (call.has("password-stdin") || !call.terminal.inIsTerminal) return standardInput(call);
  return call.terminal.askSecret(call.say("passwordPrompt", { name }));
}

async function standardInput(call: Call): Promise<string> {
  const text = new TextDecoder().decode(await call.terminal.readAll()).replace(/\r?\n$/, "");
  if (text === "") throw new Stop(exitCodes.usage, call.say("emptyInput"));
  return text;
}

function keep(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${text}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}
