import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { AskedAccount } from "#agent/driver.ts";
import type { Field, Frame } from "#agent/drivers/process/frame.ts";
import { openAccountKeys } from "./account-keys.ts";
import { keepAccounts, readAsked, removeByHook } from "./accounts.ts";
import { frameOf } from "./commands.ts";
import { type Engine, EngineSilent, PolicyRefusal } from "./engine.ts";
import { runHook } from "./hooks.ts";
import { type Mapping, openMapping } from "./mapping.ts";
import type { WeirAs } from "./weir-as.ts";

// Accounts that the network asks for: made by the site's hooks, told by ids, given no work while the site does not let
// the user in. The helper is played here; that it runs hooks as root and nothing else is in agent/helper's own tests.

let folder = "";
let stop: AbortController;
let mapping: Mapping;
const notes: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-accounts-"));
  stop = new AbortController();
  notes.length = 0;
  mapping = openMapping(join(folder, "mapping.json"), () => {});
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

const pair = (person: number, project: number): AskedAccount => ({
  person: { id: person, name: `p${person}` },
  project: { id: project, name: `j${project}` },
});

type Hooks = Readonly<Record<string, (input: unknown) => { readonly exit: number; readonly output: object }>>;

function helperWith(hooks: Hooks): WeirAs & { readonly asked: string[] } {
  const asked: string[] = [];
  const frame = (fields: Readonly<Record<string, string | readonly string[]>>): Frame =>
    new Map(Object.entries(fields).map(([name, value]) => [name, [value].flat().map((text) => Buffer.from(text))]));
  return {
    asked,
    async ask(verb: string, fields: readonly Field[]) {
      if (verb === "hello") return frame({ ok: "1", hook: Object.keys(hooks) });
      const given = new Map(fields);
      const name = String(given.get("name"));
      const input: unknown = JSON.parse(String(given.get("input")));
      asked.push(`${name} ${JSON.stringify(input)}`);
      const done = hooks[name]?.(input) ?? { exit: 1, output: {} };
      return frame({ ok: "1", exit: String(done.exit), output: JSON.stringify(done.output), stderr: "" });
    },
    refusals: () => null,
    pid: () => null,
    close: () => {},
  };
}

let isLeaving = false;
function keep(
  helper: WeirAs,
  letsIn: (user: string) => boolean = () => true,
  changes: { readonly nowMs?: () => number; readonly lookEveryMs?: number } = {},
) {
  const records = async (user: string) => {
    if (letsIn(user)) return [];
    throw new PolicyRefusal(`${user} is not in the group`, "group");
  };
  return keepAccounts({
    path: join(folder, "asked.json"),
    quotaPath: join(folder, "quota.json"),
    mapping,
    keyOfUser: openAccountKeys(join(folder, "account-secret")),
    engine: { records } as unknown as Engine,
    helper,
    note: (words, facts) => notes.push(`${words} ${JSON.stringify(facts)}`),
    nowMs: () => Date.now(),
    signal: stop.signal,
    everyMs: 5,
    isLeaving: () => isLeaving,
    lookEveryMs: 20,
    ...changes,
  });
}

async function until(what: () => boolean): Promise<void> {
  for (const endMs = performance.now() + 60_000; !what(); await delay(2))
    if (performance.now() > endMs) throw new Error(`it did not come to be; notes: ${notes.join(" | ")}`);
}

test("hooks make what is missing, and only that; the server hears ids alone", async () => {
  const helper = helperWith({
    "create-account": () => ({ exit: 0, output: { user: "u7" } }),
    "add-association": () => ({ exit: 0, output: { account: "physics" } }),
  });
  const accounts = keep(helper);
  mapping.put({
    person: null,
    project: 5,
    user: "shared",
    account: null,
    qos: null,
    readiness: { kind: "ready", sinceMs: 1 },
  });
  accounts.want([pair(7, 4), pair(8, 5)]);
  await until(() => mapping.entries().length === 2);
  assert.deepEqual(
    accounts.readiness().map(({ person, project, readiness }) => [person, project, readiness]),
    [
      [7, 4, "created"],
      [8, 5, "ready"],
    ],
  );
  assert.doesNotMatch(JSON.stringify(accounts.readiness()), /u7|shared|physics/);
  const made = mapping.entries().find(({ person }) => person === 7);
  assert.deepEqual([made?.user, made?.account, made?.by, made?.readiness.kind], ["u7", "physics", "hook", "created"]);
  assert.deepEqual(
    helper.asked.map((line) => line.split(" ")[0]),
    ["create-account", "add-association"],
  );
  assert.match(helper.asked[1] ?? "", /"user":"u7"/);
  assert.deepEqual(readAsked(join(folder, "asked.json")), [pair(7, 4), pair(8, 5)]);
});

test("who is the same local user is told by a key alone, which stays as it is and nobody can make out of a name", () => {
  const accounts = keep(helperWith({}));
  const put = (person: number | null, project: number | null, user: string) =>
    mapping.put({ person, project, user, account: null, qos: null, readiness: { kind: "ready", sinceMs: 1 } });
  put(null, 4, "shared");
  put(null, 5, "shared");
  put(7, null, "seven");
  accounts.want([pair(1, 4), pair(2, 5), pair(7, 4), pair(8, 9)]);
  const keys = () => accounts.readiness().map(({ localAccount }) => localAccount);
  const [one, other, own, nobody] = keys();
  assert.match(one ?? "", /^[0-9a-f]{16}$/);
  assert.deepEqual([other === one, own === one, nobody], [true, false, undefined]);
  const again = openAccountKeys(join(folder, "account-secret"));
  assert.deepEqual([again("shared"), again("seven")], [one, own], "the same after a restart");
  const secret = readFileSync(join(folder, "account-secret"), "utf8");
  assert.deepEqual([statSync(join(folder, "account-secret")).mode & 0o077, secret.includes(one ?? "")], [0, false]);
  assert.notEqual(openAccountKeys(join(folder, "another-agent"))("shared"), one);
  put(7, null, "shared");
  assert.equal(keys()[2], one, "as soon as the mapping says so");
});

test("a hook that says no is asked again only later; without hooks it stays requested until the operator acts", async () => {
  const helper = helperWith({
    "create-account": () => ({ exit: 3, output: { words: "not a member of the institute" } }),
  });
  const accounts = keep(helper);
  accounts.want([pair(1, 1)]);
  await until(() => notes.some((note) => note.includes("not a member of the institute")));
  await delay(50);
  assert.equal(helper.asked.length, 1);
  assert.deepEqual(accounts.readiness(), [{ person: 1, project: 1, readiness: "requested" }]);
});

test("whom the site does not let in gets no work, is asked for again, and is tried anew once it does", async () => {
  const entry = { person: 1, project: null, user: "u1", account: null, qos: null } as const;
  const gone = { ...entry, person: 2, user: "u2" };
  mapping.put({ ...entry, readiness: { kind: "ready", sinceMs: 1 } });
  mapping.put({ ...gone, readiness: { kind: "removed", sinceMs: 1 } });
  // A user directory that was away for a moment, while everything else went on.
  let isAway = true;
  const accounts = keep(helperWith({}), () => !isAway);
  accounts.want([pair(1, 1)]);
  await until(() => accounts.readiness()[0]?.readiness === "created");
  const words = () => mapping.entries().flatMap(({ readiness }) => ("words" in readiness ? [readiness.words] : []));
  assert.match(words()[0] ?? "", /does not let this user in \(group: /);
  const { sinceMs } = mapping.entries()[0]?.readiness ?? assert.fail();
  await delay(100);
  assert.equal(mapping.entries()[0]?.readiness.sinceMs, sinceMs, "looked at again, it stays as it is");
  isAway = false;
  await until(() => words()[0] === null);
  assert.equal(accounts.readiness()[0]?.readiness, "created", "to be tried anew");
  const removed = mapping.entries().find(({ person }) => person === 2);
  assert.equal(removed?.readiness.kind, "removed", "what the operator took away stays away");
});

test("the hook quota is told what a project may use: once the account is there, and again only where it changed", async () => {
  let exit = 0;
  const helper = helperWith({
    "create-account": () => ({ exit: 0, output: { user: "u7" } }),
    quota: () => ({ exit, output: { words: "the file server is down" } }),
  });
  const none = { coreHours: null, cardHours: null, cores: null };
  const quota = (cores: number | null) => ({ project: { ...none, coreHours: 500 }, tenant: { ...none, cores } });
  const said = () => helper.asked.filter((line) => line.startsWith("quota "));
  const accounts = keep(helper);
  accounts.want([{ ...pair(7, 4), quota: quota(64) }, pair(8, 4)]);
  await until(() => said().length === 1);
  assert.deepEqual(JSON.parse(said()[0]?.slice(6) ?? ""), {
    ...{ person: { id: 7, name: "p7" }, project: { id: 4, name: "j4" }, user: "u7", account: null },
    quota: quota(64),
  });
  assert.equal(
    helper.asked[0],
    `create-account ${JSON.stringify(pair(7, 4))}`,
    "the account comes first, and knows of none",
  );
  await delay(60);
  assert.equal(said().length, 1);

  exit = 1;
  accounts.want([{ ...pair(7, 4), quota: quota(32) }, pair(8, 4)]);
  await until(() => notes.some((note) => note.includes("the file server is down")));
  await delay(60);
  assert.equal(said().length, 2, "what was not taken is told again after a while, not at once");
  // Another agent of this folder knows what was taken, and tells the rest.
  stop.abort();
  stop = new AbortController();
  exit = 0;
  await delay(20);
  let again = keep(helper);
  await until(() => said().length === 3);
  assert.match(said()[2] ?? "", /"cores":32/);
  // Nor is anything told once more by one that is started after it was taken.
  stop.abort();
  stop = new AbortController();
  await delay(20);
  again = keep(helper);
  await delay(60);
  assert.equal(said().length, 3);
  const entry = mapping.entries().find(({ person }) => person === 7) ?? assert.fail();
  mapping.put({ ...entry, readiness: { kind: "removed", sinceMs: 1 } });
  again.want([{ ...pair(7, 4), quota: quota(16) }]);
  await delay(60);
  assert.equal(said().length, 3, "nor for whom the operator has removed");
});

test("while the centre leaves nobody new is made an account", async () => {
  const helper = helperWith({ "create-account": () => ({ exit: 0, output: { user: "u7" } }) });
  isLeaving = true;
  const accounts = keep(helper);
  accounts.want([{ person: { id: 7, name: "qian" }, project: { id: 1, name: "default" } }]);
  await delay(60);
  assert.deepEqual(helper.asked, []);
  isLeaving = false;
  await until(() => helper.asked.length > 0);
});

test("leaving has the site take away what its hook made", async () => {
  const entry = { person: 1, project: 2, user: "u1", account: "a", qos: null, by: "hook" } as const;
  const helper = helperWith({ remove: () => ({ exit: 0, output: {} }) });
  assert.equal(await removeByHook(helper, { ...entry, readiness: { kind: "ready", sinceMs: 1 } }), null);
  assert.deepEqual(helper.asked, ['remove {"person":1,"project":2,"user":"u1","account":"a"}']);
});

test("a file of what was asked that is broken says so", () => {
  writeFileSync(join(folder, "asked.json"), "{");
  assert.throws(() => readAsked(join(folder, "asked.json")), /it may be removed, and the network asks again/);
  assert.deepEqual(readAsked(join(folder, "absent.json")), []);
});

test("an engine that does not answer takes nobody's account away", async () => {
  mapping.put({
    person: 1,
    project: null,
    user: "u1",
    account: null,
    qos: null,
    readiness: { kind: "ready", sinceMs: 1 },
  });
  let asked = 0;
  keep(helperWith({}), () => {
    asked += 1;
    throw new EngineSilent("no answer");
  });
  await until(() => asked > 1);
  assert.equal(mapping.entries()[0]?.readiness.kind, "ready");
});

test("who is let in is looked at now and then; who has long been kept out less often, and every hour at least", async () => {
  let nowMs = 1_000_000_000;
  const asked: string[] = [];
  const settled = async () => {
    await delay(40);
    return asked.splice(0).sort().join(" ");
  };
  const entry = { project: null, account: null, qos: null } as const;
  const words = "the site's policy does not let this user in (group: no)";
  const out = (sinceMs: number) => ({ kind: "created", sinceMs, words }) as const;
  mapping.put({ ...entry, person: 1, user: "in", readiness: { kind: "ready", sinceMs: 1 } });
  mapping.put({ ...entry, person: 2, user: "new", readiness: out(nowMs - 40_000) });
  mapping.put({ ...entry, person: 3, user: "old", readiness: out(nowMs - 100 * 3_600_000) });
  const letsIn = (user: string) => {
    asked.push(user);
    return user === "in";
  };
  keep(helperWith({}), letsIn, { nowMs: () => nowMs, lookEveryMs: 1_000 });
  assert.equal(await settled(), "in new old");
  assert.equal(await settled(), "", "not every round");
  nowMs += 1_000;
  assert.equal(await settled(), "in");
  nowMs += 9_000;
  assert.equal(await settled(), "in new", "after a quarter of the time that they were kept out");
  nowMs += 3_590_000;
  assert.equal(await settled(), "in new old");
});

test("what is asked for again as it was is not written again", async () => {
  const accounts = keep(helperWith({}));
  accounts.want([pair(1, 1)]);
  const { ino } = statSync(join(folder, "asked.json"));
  accounts.want([pair(1, 1)]);
  assert.equal(statSync(join(folder, "asked.json")).ino, ino);
  accounts.want([pair(1, 2)]);
  assert.notEqual(statSync(join(folder, "asked.json")).ino, ino);
});

test("of a hook's answer: what it leaves out stands as it was, its user goes first, and whom it does not name is nobody", async () => {
  const answer = (fields: Readonly<Record<string, string>>, before?: Parameters<typeof runHook>[3]) => {
    const helper = { ask: async () => frameOf(Object.entries(fields)) } as unknown as WeirAs;
    return runHook(helper, "add-association", "{}", before);
  };
  const said = (output: object, exit = "0") => ({ ok: "1", exit, output: JSON.stringify(output) });
  const before = { user: "u7", account: "lab", qos: "normal" };
  assert.deepEqual(await answer(said({}), before), { kind: "made", ...before });
  assert.deepEqual(await answer(said({ user: "u8", account: "bio" }), before), {
    ...{ kind: "made", user: "u8", account: "bio", qos: "normal" },
  });
  const not = (words: string) => ({ kind: "not-made", words: `add-association: ${words}` });
  assert.deepEqual(await answer(said({})), not("it named no user"));
  assert.deepEqual(await answer(said({ user: "u8" }, "1")), not("it ended with status 1"));
  assert.deepEqual(
    await answer({ ok: "0", words: "new work is stopped here" }, before),
    not("new work is stopped here"),
  );
});
