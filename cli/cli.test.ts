import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { commands } from "#cli/commands.ts";
import type { Terminal } from "#cli/terminal.ts";
import { type Ran, typed } from "#cli/typed-testing.ts";
import { policies } from "#core/scheduling/policy.ts";
import { format as recordingFormat } from "#core/scheduling/recording.ts";
import { settingWords } from "#core/setting-words.ts";

// A stand-in for the server, only for what the CLI itself does: words typed, exit codes, formats, what happens when a
// connection is cut. What the server says is tested against the server, in test/cli.e2e.test.ts.

const folder = mkdtempSync(join(tmpdir(), "weir-cli-"));
const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

type Seen = { readonly line: string; readonly headers: IncomingMessage["headers"]; readonly body: unknown };
type Reply = (response: ServerResponse, seen: Seen) => void;

/** Answers by `METHOD /path?query` below /api/v1, or by the path alone; the rest is 404. */
async function fake(replies: Readonly<Record<string, Reply>>) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const text = Buffer.concat(pieces).toString();
    const line = `${request.method} ${(request.url ?? "").replace("/api/v1", "")}`;
    const one: Seen = { line, headers: request.headers, body: text ? JSON.parse(text) : null };
    seen.push(one);
    const reply = replies[line] ?? replies[line.split("?")[0] ?? ""];
    if (reply) reply(response, one);
    else problem(404, "not-found")(response, one);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no address");
  return { url: `http://127.0.0.1:${address.port}`, seen };
}

function json(value: unknown, status = 200): Reply {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
}

function problem(status: number, kind: string): Reply {
  return json({ type: `/api/problems/${kind}`, title: `Title of ${kind}`, status, detail: "Mend it." }, status);
}

function events(...messages: readonly object[]): Reply {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const [at, message] of messages.entries())
      response.write(`id: ${at + 1}\ndata: ${JSON.stringify(message)}\n\n`);
    response.end();
  };
}

function weir(url: string | null, words: readonly string[], changes: Partial<Terminal> = {}): Promise<Ran> {
  const environment = { HOME: folder, WEIR_HOME: join(folder, "home"), ...(url && { WEIR_SERVER: url }) };
  return typed(words, { folder, environment, inIsTerminal: true, ...changes });
}

const noColours = { HOME: folder, WEIR_HOME: join(folder, "home"), NO_COLOR: "1" };
const counts = { queued: 0, placed: 0, starting: 0, running: 0, ended: 1 };
const plainOutcome = { kind: "succeeded", exitCode: 0, signal: null, by: null, reason: null };
const job = {
  id: 12,
  name: "拟合 fit",
  project: "default",
  person: "li",
  state: "ended",
  outcome: plainOutcome,
  tasks: 1,
  array: null,
  counts,
  centres: ["local"],
  submittedMs: 1_700_000_000_000,
  startedMs: 1_700_000_001_000,
  endedMs: 1_700_000_062_000,
  unreachableSinceMs: null,
  firstTasks: [],
};
const submitted = {
  id: 12,
  name: "x",
  tasks: 1,
  project: "default",
  state: "queued",
  defaults: [],
  warnings: ["careful"],
  notes: ["it must end by 2026-11-23T10:00:00Z"],
};

test("weir jobs: why a job waits and who ended one; a narrow terminal leaves columns out and names them, a pipe gets all", async () => {
  const cancelled = { ...plainOutcome, kind: "cancelled", exitCode: null, by: "operator", reason: "wrong input" };
  const deadline = { ...cancelled, by: "network", reason: "could no longer end by its deadline 2026-11-23T10:00:00Z" };
  const waits = { rule: "cores-busy", words: "free cores" };
  const { url } = await fake({
    "GET /jobs": json({
      jobs: [
        { ...job, id: 14, state: "queued", outcome: null, waits },
        { ...job, id: 13, outcome: deadline, waits: null },
        { ...job, outcome: cancelled, waits: null },
      ],
      next: null,
    }),
  });
  const { out, error } = await weir(url, ["jobs"]);
  assert.match(out, /^ID +NAME +PROJECT +PERSON +STATE +TASKS +CENTRE +SUBMITTED \(\+08:00\) +START TO END +REASON\n/);
  assert.match(out, /^14 .* li +queued .* free cores$/m);
  assert.match(out, /^13 .* cancelled .* deadline 2026-11-23 18:00:00 \+08:00$/m);
  assert.match(out, /^12 .* cancelled .* by an administrator: wrong input$/m);
  assert.equal(error, "");
  const zh = await weir(url, ["jobs", "--lang", "zh"]);
  assert.match(zh.out, /由管理员取消：wrong input$/m);
  const narrow = await weir(url, ["jobs"], {
    outIsTerminal: true,
    columns: 76,
    environment: { ...noColours, WEIR_SERVER: url },
  });
  for (const line of narrow.out.trimEnd().split("\n")) assert.ok(line.length <= 76, line);
  assert.match(narrow.out, /^12 .* by an administrator: wrong i…$/m);
  assert.equal(
    narrow.error,
    "Left out as the terminal is too narrow: PROJECT, PERSON, SUBMITTED (+08:00). Piped, or with --json, all of it is there.\n",
  );
});

test("weir jobs: Slurm's words for states, --me, and what is no label", async () => {
  const me = { person: { name: "li" }, tenants: [], defaultProject: null, hasPassword: false };
  const { url, seen } = await fake({ "GET /jobs": json({ jobs: [], next: null }), "GET /me": json(me) });
  const asked = async (...words: readonly string[]) => {
    const { code, error } = await weir(url, ["jobs", ...words]);
    return code === 0 ? (seen.at(-1)?.line ?? "").replace("GET /jobs?", "") : `${code} ${error}`;
  };
  assert.equal(await asked("-t", "PD"), "state=queued&limit=30");
  assert.equal(await asked("--state", "running"), "state=running&limit=30");
  assert.equal(await asked("--state=Running"), "state=running&limit=30");
  assert.equal(await asked("-t", "TIMEOUT"), "outcome=timed-out&limit=30", "what is a state there is an outcome here");
  assert.equal(
    await asked("-t", "TIMEOUT", "--outcome", "failed"),
    "2 weir: only one of --state TIMEOUT and --outcome failed.\n",
    "neither of two that exclude each other is passed over",
  );
  assert.equal(await asked("-t", "TO", "--outcome", "timed-out"), "outcome=timed-out&limit=30");
  assert.equal(await asked("--outcome", "OOM"), "outcome=out-of-memory&limit=30");
  assert.equal(await asked("--state", "active", "--me"), "state=active&person=li&limit=30");
  assert.match(await asked("--state", "foo"), /^2 .* one of queued, placed, starting, running, ended, active\.$/m);
  assert.equal(await asked("--me", "--user", "wang"), "2 weir: only one of --me and --user.\n");
  assert.equal(await asked("--label", "a"), '2 weir: --label cannot be "a"; write NAME=VALUE.\n');
});

test("weir admin events: who did what to whom, and when; filters as the route has them", async () => {
  const act = { id: 7, atMs: 1_700_000_000_000, by: "ed", group: "centres", kind: "intake-set" };
  const { url, seen } = await fake({
    "GET /acts": json({
      acts: [
        { ...act, about: { kind: "centre", name: "jinan" }, words: "drained it" },
        { ...act, id: 6, by: null, about: null, words: "set the policy" },
      ],
      next: "6",
    }),
  });
  const words = [
    "admin",
    "events",
    "--by",
    "ed",
    "--kind",
    "centres",
    "--about",
    "centre:jinan",
    "--since",
    "2026-11-22",
  ];
  const { out, error } = await weir(url, [...words, "-n2"]);
  assert.deepEqual(out.split("\n"), [
    "TIME (+08:00)        BY           ABOUT         WHAT WAS DONE",
    "2023-11-15 06:13:20  ed           centre jinan  drained it",
    "2023-11-15 06:13:20  the network  the network   set the policy",
    "",
  ]);
  assert.equal(error, "There are more: the same command with --cursor 6\n");
  const from = Date.UTC(2026, 10, 21, 16);
  assert.equal(seen[0]?.line, `GET /acts?group=centres&person=ed&about=centre%3Ajinan&fromMs=${from}&limit=2`);
  const read = JSON.parse((await weir(url, ["admin", "events", "--json", "-n2"])).out);
  assert.deepEqual([read.acts[0].about, read.next], [{ kind: "centre", name: "jinan" }, "6"]);
  assert.match((await weir(url, ["admin", "events", "--lang=zh", "-n2"])).out, /中心 jinan/);
});

test("weir admin … set: what is so already is said to be, and nothing else", async () => {
  const same = { name: "ouc", changed: false, notes: ["a note"] };
  const { url } = await fake({
    "PUT /tenants/ouc/cores": json({ ...same, changed: true }),
    "PUT /tenants/ouc/place": json(same),
    "PUT /tenants/ouc/home": json(same),
    "PUT /projects/tides/cores": json(same),
    "PUT /people/li": json(same),
    "POST /projects/tides/members": json(same),
  });
  const admin = async (...words: readonly string[]) => (await weir(url, ["admin", ...words])).out;
  assert.equal(
    await admin("tenant", "set", "ouc", "--home", "jinan", "--region", "cn-sd"),
    "ouc: it is so already, nothing changed.\n",
  );
  assert.match(await admin("tenant", "set", "ouc", "--most-cores", "5", "--region", "cn-sd"), /^Set tenant ouc/);
  assert.match(
    await admin("project", "set", "tides", "--most-cores", "5", "--lang=zh"),
    /^tides：已是如此，无变化。\n$/,
  );
  assert.match(await admin("user", "set", "li", "--title", "Li"), /^li: it is so already/);
  assert.match(await admin("project", "member", "tides", "li"), /^li: it is so already/);
});

test("weir admin … set: what was set is said as the console says it", async () => {
  const tenant = { name: "ouc", title: "", home: null, mostCores: null, grants: [], place: {} };
  const routes = ["cores", "grant", "place", "home"].map((what) => [`PUT /tenants/ouc/${what}`, json(tenant)] as const);
  const { url, seen } = await fake(Object.fromEntries(routes));
  const said = async (...words: readonly string[]) => {
    const { code, error } = await weir(url, ["admin", "tenant", "set", "ouc", ...words]);
    assert.equal(code, 0, `${error} ${seen.at(-1)?.line}`);
    return error.trimEnd().split("\n");
  };
  assert.deepEqual(await said("--core-hours", "5", "--card-hours", "0"), [
    "Granted: 5 core-hours, less what its runs hold by then. What goes beyond waits.",
    settingWords("noCardHours", "en"),
  ]);
  assert.deepEqual(await said("--core-hours", "none", "--most-cores", "64", "--lang", "zh"), [
    "其全部运行合计至多占用 64 核，超出者等待。",
    "可用核时不限；因额度等待者可以启动。",
  ]);
  assert.deepEqual(await said("--residency", "cn-gz,cn-sd"), [
    "Its data stay in cn-gz, cn-sd: no run is placed elsewhere. What was placed before stays.",
  ]);
  assert.deepEqual(await said("--residency", "none"), [settingWords("anywhere", "en")]);
});

test("weir jobs --format: those columns in that order, with or without titles; what is none is refused", async () => {
  const failed = { ...plainOutcome, kind: "failed", exitCode: 7 };
  const ran = { ...job, outcome: failed, centres: ["jinan", "local"] };
  const { url } = await fake({ "GET /jobs": json({ jobs: [ran], next: null }) });
  const out = async (...words: readonly string[]) => (await weir(url, ["jobs", ...words])).out;
  assert.equal(await out("-o", "state,id"), "STATE       ID\nfailed (7)  12\n");
  assert.equal(await out("-o", "centre", "--no-header"), "jinan,local\n");
  assert.equal(await out("-o", "centre", "--no-header", "--lang", "zh"), "jinan、local\n");
  assert.equal(await out("-o", "id,EXITCODE,ended", "--no-header"), "12  7  2023-11-15 06:14:22\n");
  assert.doesNotMatch(await out("--no-header"), /SUBMITTED/);
  const wrong = await weir(url, ["jobs", "-o", "%i %j"]);
  assert.equal(wrong.code, 2);
  assert.match(
    wrong.error,
    /^weir: --format cannot be "%i %j"; write columns with commas between, of id,name,project,/,
  );
  assert.equal((await weir(url, ["jobs", "12"])).error, 'weir: weir jobs takes no "12". One job: weir show 12\n');
  const about = await weir(url, ["admin", "events", "--about", "jinan"]);
  assert.deepEqual([about.code, about.error.includes("person:NAME, tenant:NAME")], [2, true], about.error);
});

test("weir usage: days are those of the network, as the table labels them, and --to counts its day", async () => {
  const amounts = { coreMs: "3600000", milliCardMs: "0", memoryMibS: "0", wallMs: "3600000" };
  const cost = { tariffVersion: "free", currency: "CNY", amountMicroYuan: "0" };
  const row = { key: "2026-11-23", runs: 1, amounts, cost };
  const total = { runs: 1, amounts, cost };
  const grants = [{ unit: "core-ms", granted: "36000000", left: "3600000" }];
  const { url, seen } = await fake({
    "GET /usage": json({ by: "day", rows: [row], total, next: "2026-11-23" }),
    "GET /projects": json({ projects: [{ name: "tides", tenant: "ouc", grants }], next: null }),
    "GET /tenants": json({ tenants: [{ name: "ouc", grants: [] }], next: null }),
  });
  const { out, error } = await weir(url, ["usage", "--by", "day", "--from", "2026-11-23", "--to", "2026-11-23"]);
  assert.match(
    out,
    /^DAY \(Asia\/Shanghai\) +RUNS +CORE-HOURS +CARD-HOURS +GiB-HOURS .*\n2026-11-23 +1 +1\.000 +0 +0 /,
  );
  assert.match(
    out,
    /\n\nNAME +OF A +LEFT OF ITS GRANT\ntides +project +1 of 10 core-hours\n$/,
    "none of ouc: it has no grant",
  );
  assert.match(error, /with --cursor 2026-11-23$/m);
  const query = new URLSearchParams(seen[0]?.line.split("?")[1]);
  assert.equal(Number(query.get("fromMs")), Date.UTC(2026, 10, 22, 16));
  assert.equal(Number(query.get("toMs")), Date.UTC(2026, 10, 23, 16));
  assert.equal((await weir(url, ["usage", "--from", "2026-02-30"])).code, 2);
});

test("weir centres: why a connected centre takes no work, and the load of others beside ours", async () => {
  const foreign = { kind: "seen", why: null, runningCores: 500, nextEndsInMs: null, waitingJobs: 0, waitingCores: 0 };
  const plain = { ...foreign, kind: "none", runningCores: 0 };
  const shape = { nodes: 15, coresPerNode: 8, memoryMibPerNode: 131_072, accelerators: null };
  const pool = {
    name: "batch",
    lifeCycle: "in-service",
    cores: 640,
    coresInUse: 8,
    memoryMib: 1024,
    memoryMibInUse: 0,
    accelerators: [],
    startable: [],
    sharesNodesWith: [],
    shut: null,
    reserved: null,
    runs: 1,
    foreign,
  };
  const sharing = ["batch", "debug"].map((name) => ({ ...pool, name, sharesNodesWith: ["the other"] }));
  const state = { state: "connected", lifeCycle: "in-service", intake: "open", lastSeenMs: null, nameZh: null };
  const centres = [
    { ...state, id: "a", name: "A", pools: [{ ...pool, startable: [shape, { ...shape, coresPerNode: 4 }] }] },
    { ...state, id: "b", name: "B", lifeCycle: "trial", pools: [{ ...pool, foreign: { ...foreign, kind: "hidden" } }] },
    { ...state, id: "c", name: "C", intake: "suspended", state: "unreachable", pools: [{ ...pool, foreign: plain }] },
    { ...state, id: "d", name: "D", lifeCycle: "retired", intake: "left", state: "unreachable", pools: [] },
    { ...state, id: "e", name: "E", driver: "simulated", pools: [{ ...pool, lifeCycle: "planned", foreign: plain }] },
    { ...state, id: "f", name: "F", pools: sharing, together: { cores: 640 } },
  ];
  const { url } = await fake({ "GET /centres": json({ centres, next: null }) });
  const { out, error, code } = await weir(url, ["centres"], { columns: 200 });
  assert.equal(code, 0, error);
  assert.match(out, /^a +A +connected +batch +8\+500\/640 /m);
  assert.match(out, /^b +B +connected, on trial +batch +8\+\?\/640 /m);
  assert.match(out, /^c +C +unreachable, suspended +batch +8\/640 /m);
  assert.match(out, /^d +D +retired +never$/m, "of a retired one nothing is in use, and nothing starts");
  assert.match(out, /^e +E +connected, simulated +batch \(planned\) /m, "nobody can compute on these cores");
  assert.match(error, /in use by the centre's own users/);
  assert.match(out, /^a .* 15 × .* \(\+1\) /m);
  assert.match(error, /^STARTS NOW: .* how many other shapes could/m);
  assert.match(error, /^f: batch, debug share nodes, which each of them counts; 640 cores in all\.$/m);
  assert.match((await weir(url, ["centre", "list", "--lang", "zh"], { columns: 200 })).out, /^b +B +在线、试运行 /m);
});

test("weir centre capacity: a line is taken out by itself", async () => {
  const line = { line: 1, site: null, phase: null, pool: null, device: null, precision: "fp64", sparsity: "dense" };
  const one = { ...line, basis: "nominal", lifeCycle: "planned", valueGigaflops: "1", inServiceFrom: null };
  const lines = [{ ...one, regionCode: null, evidence: "" }];
  const capacity = { centre: "a", version: 1, setBy: "ada", setMs: 0, lines };
  const { url, seen } = await fake({
    "GET /centres/a/capacity": json(capacity),
    "PUT /centres/a/capacity": json({ ...capacity, version: 2, lines: [] }),
  });
  for (const beside of [["--line=1"], ["--stage=building"], ["--state=x"]]) {
    const both = await weir(url, ["centre", "capacity", "a", "--take-out=1", ...beside]);
    assert.deepEqual([both.code, /takes a line out and changes no other/.test(both.error)], [2, true], both.error);
  }
  assert.equal(seen.filter(({ line }) => line.startsWith("PUT")).length, 0);
  assert.equal((await weir(url, ["centre", "capacity", "a", "--take-out=1"])).code, 0);
  assert.equal(seen.filter(({ line }) => line.startsWith("PUT")).length, 1);
});

test("centre simulate: the whole file is looked at before any of it is registered", async () => {
  const { url, seen } = await fake({ "GET /centres": json({ centres: [], next: null }) });
  const file = join(folder, "centres.json");
  const pool = { name: "main", nodes: [{ names: "c[1-2]", cores: 4, memoryMib: 1000 }] };
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [
      { centres: { good: { pools: [pool] }, bad: { pools: [{ ...pool, nodes: [{ names: "c1", cores: 0 }] }] } } },
      /centres\.bad\.pools\.0\.nodes\.0\.cores: .*>=1.*memoryMib/s,
    ],
    [{ centres: { good: { pools: [pool], typo: 1 } } }, /centres\.good: Unrecognized key: "typo"/],
    [{ centres: { "Not A Name": { pools: [pool] } } }, /centres\.Not A Name: Invalid key/],
    [{ centres: { good: { pools: [pool], regionCode: "999999" } } }, /regionCode: .*or of GB\/T 2260/],
    [{ centres: {} }, /at least one centre/],
    [[], /the whole: /],
  ];
  for (const [value, words] of cases) {
    writeFileSync(file, JSON.stringify(value));
    const { code, error } = await weir(url, ["centre", "simulate", file]);
    assert.equal(code, 2, error);
    assert.match(error, words);
    assert.match(error, /Nothing is registered/);
  }
  writeFileSync(file, JSON.stringify({ centres: { good: { pools: [] } } }));
  assert.match((await weir(url, ["centre", "simulate", file, "--lang", "zh"])).error, /数值过小.*未登记任何中心/);
  writeFileSync(file, "{");
  assert.match((await weir(url, ["centre", "simulate", file])).error, /it is no JSON/);
  assert.match((await weir(url, ["centre", "simulate", "nowhere.json"])).error, /no such file/);
  assert.deepEqual(seen, [], "the server was asked nothing");
});

test("replay says where the last line of a recording is cut off", async () => {
  const file = join(folder, "recording");
  const first = `${JSON.stringify({ recording: recordingFormat, policy: policies.fcfs })}\n`;
  writeFileSync(file, first);
  const whole = await weir(null, ["replay", file]);
  assert.deepEqual([whole.code, whole.error], [0, ""], whole.error);
  writeFileSync(file, `${first}{"event":{"ki`);
  const cut = await weir(null, ["replay", file]);
  assert.equal(cut.code, 0);
  assert.match(cut.error, /^warning: the last line of the recording is cut off/);
});

test("weir nodes: how they are and why, and what of ours is on all of a group", async () => {
  const size = { cores: 8, memoryMib: 1024, memoryMibInUse: 0, accelerators: [] };
  const one = { centre: "a", pool: "batch", pools: ["batch", "debug"], ...size };
  const up = { ...one, name: "c[1-4]", count: 4, state: "up", reason: null, coresInUse: 12, runs: 2 };
  const out = {
    ...one,
    name: "c5",
    count: 1,
    state: "draining",
    reason: "its disk is changed",
    coresInUse: 0,
    runs: 0,
  };
  const { url } = await fake({ "GET /nodes": json({ nodes: [up, out], next: null }) });
  const said = (await weir(url, ["nodes"], { columns: 200 })).out;
  assert.match(said, /^a +batch, debug +c\[1-4\] +up +12\/32 /m);
  assert.match(said, /^a +batch, debug +c5 +draining \(its disk is changed\) +0\/8 /m);
  assert.match((await weir(url, ["nodes", "--lang", "zh"], { columns: 200 })).out, /排空中（its disk is changed）/);
});

test("weir offers: what each centre has, cut where it is long, all of it for one name and in JSON", async () => {
  const nothing = { partition: [], qos: [], constraint: [], gres: [], licences: [], reservation: [] };
  const offer = {
    centre: "jinan",
    inService: true,
    aliases: { ...nothing, partition: ["batch", "fast"], licences: ["fem", "odd"] },
    partitionPools: { fast: "short" },
    software: Array.from({ length: 25 }, (_, at) => `a/${at}`).concat("gromacs/2024.1"),
    containers: [],
    mpi: ["pmix"],
    fileSystems: [{ name: "lustre", path: "/lustre", shared: true, purgeDays: 30 }],
    licences: [{ name: "fem", total: 4, free: 1 }],
  };
  const idle = { ...offer, centre: "zibo", inService: false, software: [], licences: [], fileSystems: [], mpi: [] };
  const { url, seen } = await fake({ "GET /offers": json({ offers: [offer, idle] }) });
  const { out } = await weir(url, ["offers"], { columns: 200 });
  assert.match(out, /^jinan +--partition +batch, fast → short$/m);
  assert.match(out, /^ +--licenses +fem \(1 of 4 free\), odd$/m);
  assert.match(out, /^ +software +a\/0, .* a\/19, and 6 more$/m);
  assert.match(out, /lustre \(\/lustre, shared, files unused for 30 days may go\)/);
  assert.match(out, /^zibo \(not in service\)/m);
  assert.doesNotMatch(out, /containers/);
  assert.match(
    (await weir(url, ["offers", "--software", "gro"])).out,
    /^CENTRE.*\njinan +software +gromacs\/2024.1\n$/,
  );
  const none = await weir(url, ["offers", "--software", "zzz"]);
  assert.deepEqual([none.out, none.error], ["", "No software whose name begins with zzz.\n"]);
  const { out: text } = await weir(url, ["offers", "jinan", "--json"]);
  assert.deepEqual(JSON.parse(text).offers[0], offer);
  assert.equal(seen.at(-1)?.line, "GET /offers?centre=jinan");
  assert.match((await weir(url, ["offers", "--lang", "zh"], { columns: 200 })).out, /30 天未用/);
});

test("every command has help with examples, in both languages, and needs no server for it", async () => {
  for (const { words } of commands) {
    for (const language of ["en", "zh"]) {
      const { code, out } = await weir(null, [...words, "--help", "--lang", language]);
      assert.equal(code, 0, words.join(" "));
      const places = /^(?:Usage|用法).*[^\p{L}]\p{Lu}{2,}|^ .* --[\w-]+ (?!URL)[^ ]*\p{Lu}{2,}/mu;
      if (language === "zh")
        assert.doesNotMatch(out.split("示例")[0] ?? "", places, "the reader's own words are in Chinese");
      assert.match(out, language === "en" ? /Examples:\n {2}# .+\n {2}\S/ : /示例：\n {2}# .+\n {2}\S/);
    }
  }
  assert.match((await weir(null, [])).out, /weir COMMAND/);
  for (const group of ["centre", "admin"]) {
    const { code, out } = await weir(null, [group, "--help"]);
    assert.equal(code, 0, group);
    assert.match(out, new RegExp(`weir ${group} COMMAND`));
    for (const { words } of commands.filter((one) => one.words[0] === group)) assert.ok(out.includes(words.join(" ")));
  }
  assert.match((await weir(null, ["version"])).out, /^weir \d+\.\d+\.\d+\n$/);
});

test("what an operand stands for is said in the reader's language", async () => {
  assert.equal((await weir(null, ["show"])).error, "weir: weir show needs JOB[_INDEX].\n");
  assert.equal((await weir(null, ["show", "--lang=zh"])).error, "weir: weir show 需要 作业[_下标]。\n");
  assert.equal(
    (await weir(null, ["show", "x", "--lang=zh"])).error,
    'weir: 作业 不能为 "x"：须为作业编号如 123，或任务如 123_7。\n',
  );
  const squeue = await weir(null, ["squeue", "-u", "li"]);
  assert.deepEqual([squeue.code, squeue.error], [2, "weir: squeue is Slurm's; here it is weir jobs, weir why JOB.\n"]);
  assert.match((await weir(null, ["--lang=zh"])).out, /用法：weir 命令 \[选项…\]/);
});

test("words that make no sense: exit status 2, and what was meant", async () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [["job"], /Did you mean weir jobs/],
    [["shwo", "12"], /Did you mean weir show/],
    [["centre", "shwo", "a"], /Did you mean weir centre show/],
    [["submit", "--tiem=5", "x.sh"], /Did you mean --time/],
    [["submit", "--projct=5", "x.sh"], /Did you mean --project/],
    [["frobnicate"], /no command "frobnicate"/],
    [["admin"], /needs one of: tenant list, tenant add/],
    [["jobs", "--stat", "x"], /Did you mean --state/],
    [["jobs", "--state", "sleeping"], /it is one of queued, placed/],
    [["jobs", "--limit"], /--limit needs a value/],
    [["jobs", "--limit", "0"], /whole number from 1/],
    [["jobs", "--since", "tomorrow"], /a date, a time/],
    [["jobs", "12"], /takes no "12"/],
    [["show"], /needs JOB/],
    [["show", "abc"], /a job such as 123/],
    [["submit"], /say what to run/],
    [["submit", "--tiem=5", "x.sh"], /--tiem is not an option/],
    [["submit", "missing.sh"], /"missing.sh" cannot be read: there is no such file/],
    [["submit", "--label", "x", "--", "true"], /NAME=VALUE/],
    [["submit", "--env", "NOT_THERE", "--", "true"], /NOT_THERE is not set/],
    [["submit", "--file", "missing", "--", "true"], /"missing" cannot be read/],
    [["jobs", "--server", "ftp://x"], /an address such as/],
    [["tokens", "revoke", "x"], /whole number/],
    [["completion", "tcsh"], /bash, zsh, fish/],
  ];
  for (const [typed, words] of cases) {
    const { code, error } = await weir("http://127.0.0.1:9", typed);
    assert.equal(code, 2, typed.join(" "));
    assert.match(error, words, typed.join(" "));
  }
  assert.match((await weir(null, ["--lang=zh", "job"])).error, /是否想用 weir jobs/);
});

test("exit statuses of refusals and of a server that is away", async () => {
  const { url } = await fake({
    "GET /jobs": problem(401, "not-signed-in"),
    "GET /centres": problem(500, "own-fault"),
    "POST /jobs": problem(422, "no-centre-fits"),
  });
  assert.deepEqual([(await weir(url, ["jobs"])).code, (await weir(url, ["show", "1"])).code], [4, 3]);
  assert.equal((await weir(url, ["centres"])).code, 1);
  const gone = await fake({});
  await new Promise((resolve) => servers.at(-1)?.close(resolve));
  const away = await weir(gone.url, ["jobs"]);
  assert.equal(away.code, 5);
  assert.match(away.error, /did not answer: ECONNREFUSED/);
  const awayZh = await weir(null, ["jobs"], {
    environment: { HOME: folder, WEIR_SERVER: gone.url, LANG: "zh_CN.UTF-8" },
  });
  assert.match(awayZh.error, /^weir: \S+ 的服务器没有应答：ECONNREFUSED。/);
  const refused = await weir(url, ["show", "1", "--json"]);
  assert.equal(JSON.parse(refused.out).problem.type, "/api/problems/not-found");
  assert.match(refused.error, /Title of not-found\. Mend it/);
  assert.equal((await weir(url, ["submit", "--", "true"])).code, 3);
  assert.equal(
    (await weir(url, ["submit", "--wait", "--", "true"])).code,
    125,
    "with --wait the code is not the job's",
  );
  assert.equal((await weir(url, ["submit", "--wait", "--bad-option", "--", "true"])).code, 2);
  const unsent = await weir(gone.url, ["submit", "--wait", "--", "true"]);
  assert.equal(unsent.code, 125);
  assert.match(unsent.error, /weir: The server was not reached; the exit status is 125\.\n$/);
  assert.doesNotMatch(unsent.error, /refused/);
});

test("a centre leaves only with --yes; what it means is said beforehand, and nothing is done without", async () => {
  const steps = [{ step: "leave", consequences: ["2 runs that wait there are withdrawn.", "It is retired for good."] }];
  const intake = { centre: "jinan", intake: "open", waiting: 2, running: 1, onlyHere: 0, steps, history: [] };
  const { url, seen } = await fake({
    "GET /centres/jinan/intake": json(intake),
    "PUT /centres/jinan/intake": json({ ...intake, intake: "leaving" }),
    "DELETE /centres/jinan/credential": json({ credentials: 1 }),
  });
  const asked = await weir(url, ["centre", "leave", "jinan"]);
  assert.equal(asked.code, 2);
  assert.match(
    asked.error,
    /^What it means that jinan leaves:\n2 runs that wait there are withdrawn\.\nIt is retired for good\.\nweir: Nothing was done/,
  );
  assert.equal((await weir(url, ["centre", "revoke", "jinan"])).code, 2);
  assert.deepEqual([...new Set(seen.map(({ line }) => line))], ["GET /centres/jinan/intake"]);
  const done = await weir(url, ["centre", "leave", "jinan", "--yes"]);
  assert.deepEqual([done.code, done.out], [0, "jinan: leaving the network\n"]);
  assert.deepEqual(seen.at(-1)?.body, { step: "leave" });
  assert.match(
    (await weir(url, ["centre", "revoke", "jinan", "--yes"])).out,
    /jinan: credentials and tokens revoked: 1\./,
  );
});

test("jobs: a table that knows how wide Chinese is, and JSON with stable keys", async () => {
  const { url, seen } = await fake({ "GET /jobs": json({ jobs: [job, { ...job, id: 3, name: "a" }], next: null }) });
  const { out } = await weir(url, ["jobs", "--state", "ended", "--project=default", "-n5"]);
  const lines = out.trimEnd().split("\n");
  assert.match(lines[0] ?? "", /^ID {2}NAME {6}PROJECT {2}PERSON {2}STATE {6}TASKS {2}CENTRE/);
  assert.match(lines[1] ?? "", /^12 {2}拟合 fit {2}default {2}li {6}succeeded {9}local/);
  assert.match(lines[2] ?? "", /^ 3 {2}a {9}default/);
  assert.match(lines[1] ?? "", /1 min 1 s$/);
  assert.equal(seen[0]?.line, "GET /jobs?state=ended&project=default&limit=5");
  assert.deepEqual(JSON.parse((await weir(url, ["--json", "jobs"])).out).jobs[0], job);
  assert.ok(!(await weir(url, ["jobs"])).out.includes("\u001b"));
  const onTerminal = { outIsTerminal: true } as const;
  assert.ok((await weir(url, ["jobs"], onTerminal)).out.includes("\u001b[32msucceeded"));
  const environment = { HOME: folder, WEIR_SERVER: url, NO_COLOR: "1", LANG: "zh_CN.UTF-8" };
  const chinese = await weir(url, ["jobs"], { ...onTerminal, environment });
  assert.match(chinese.out, /^编号 {2}名称.*\n.*成功/);
  assert.ok(!chinese.out.includes("\u001b"));
  assert.equal(seen.at(-1)?.headers["accept-language"], "zh");
});

test("a dry run says what was understood, what would be given and held where, and what it may come to", async () => {
  const spec = {
    nodes: 2,
    tasks: 2,
    coresPerTask: 4,
    memoryMibPerNode: null,
    memoryMibPerCore: null,
    accelerators: { vendor: "huawei", model: null, perNode: 1, shareMilli: 250 },
    wholeNodes: true,
    nodeGroups: 1,
    timeLimitS: 600,
    graceS: 30,
    warning: { signal: "USR1", beforeS: 60 },
    retries: 1,
    requeue: true,
    preemptible: "checkpoints",
    priorityClass: "low",
    dependencies: [],
    workingDirectory: null,
    stdout: "fit.out",
    stderr: "/dev/null",
  };
  const [each, all] = [2n, 12n].map((times) => ({
    coreMs: `${times * 3_600_000n}`,
    milliCardMs: "0",
    memoryMibS: `${times * 3_686_400n}`,
    wallMs: "630000",
  }));
  const cost = { tariffVersion: "free", currency: "CNY", amountMicroYuan: "0" };
  const wouldGet = {
    centre: "jinan",
    pool: "batch",
    startsNow: false,
    nodes: 2,
    coresPerNode: 64,
    memoryMibPerNode: 262_144,
    accelerators: { vendor: "huawei", model: "910b", perNode: 8 },
    holds: each,
    cost,
  };
  const start = { words: "by 2026-11-23T18:00:00+08:00 at the latest" };
  const quote = { tasks: 3, attempts: 2, comesAgain: true, perTask: each, total: all, cost };
  const answer = {
    spec,
    tasks: 3,
    defaults: [],
    warnings: ["must start by 2026-11-23T10:00:00Z"],
    notes: ["it must end by 2026-11-23T10:00:00Z"],
    inTime: "starts at 2026-11-23T18:00:00+08:00, in time",
    quote,
    wouldGoTo: "jinan",
    wouldGet,
    start,
    candidates: [],
  };
  const { url } = await fake({ "POST /jobs/dry-run": json(answer) });
  const { out, error } = await weir(url, ["submit", "--dry-run", "--", "true"]);
  assert.match(error, /^warning: must start by 2026-11-23 18:00:00 \+08:00$/m, "one clock in all of it");
  assert.match(error, /^it must end by 2026-11-23 18:00:00 \+08:00$/m, "a note is no warning");
  for (const line of [
    /^in time +starts at 2026-11-23 18:00:00 \+08:00, in time$/m,
    /^asked +nodes 2, .*, 250 thousandths of a huawei per node, whole nodes, groups of nodes \(switches\) at most 1$/m,
    /^signal before the end +USR1, 1 min before the time limit$/m,
    /^retries +1$/m,
    /^time limit +10 min, then 30 s of grace$/m,
    /^standard output +fit\.out \(in the run's own folder at its centre; weir logs prints it too\)$/m,
    /^standard error +\/dev\/null$/m,
    /^priority class +low$/m,
    /^centre +would join the queue of jinan now$/m,
    /^gets there +nodes 2 × cores 64, 256 GiB per node, 8 × huawei 910b per node, pool batch$/m,
    /^holds there +2\.000 core-hours, 2\.000 GiB-hours, CNY 0\.00 \(free\)$/m,
    /^likely start +by 2026-11-23 18:00:00 \+08:00 at the latest$/m,
    /^uses at most +12\.000 core-hours, 12\.000 GiB-hours, CNY 0\.00 \(free\)$/m,
    /^each attempt +2\.000 core-hours, 2\.000 GiB-hours \(tasks 3 × attempts 2\)$/m,
    /^and besides +what a run had saved/m,
  ])
    assert.match(out, line);
  const zh = (await weir(url, ["submit", "--dry-run", "--lang=zh", "--", "true"])).out;
  assert.match(zh, /^申请 .*整节点，位于 1 个节点组（交换机）之内$/m);
  assert.match(zh, /^在该处获得 +节点 2 × 核 64，每节点 256 GiB，每节点 8 × huawei 910b，资源池 batch$/m);
});

test("show of an array says how its tasks ended, where not all succeeded", async () => {
  const spec = {
    retries: 0,
    requeue: false,
    priorityClass: "normal",
    preemptible: "no",
    command: ["true"],
    nodes: 1,
    tasks: 1,
    coresPerTask: 1,
    memoryMibPerNode: 64,
    memoryMibPerCore: null,
    accelerators: null,
    timeLimitS: 60,
    graceS: 30,
    warning: null,
    dependencies: [],
    labels: {},
    workingDirectory: "/data/tides",
    stdout: "fit.out",
    stderr: null,
  };
  const detail = {
    ...job,
    tasks: 9,
    array: "1-9",
    spec,
    counts: { ...counts, running: 2, ended: 7 },
    usage: { coreMs: "12000", milliCardMs: "0", memoryMibS: "0", wallMs: "12000" },
    cost: { tariffVersion: "free", currency: "CNY", amountMicroYuan: "0" },
    defaults: [{ field: "nodes", value: "1" }],
    warnings: [],
  };
  const run = {
    ...{ id: "14.0.1", attempt: 1, centre: "jinan", state: "running", startedMs: null, endedMs: null, end: null },
    ...{ usage: null, amounts: null, waiting: null, cancelling: null, words: null, nodes: null },
    ...{ stdoutFile: "/srv/runs/14.0.1/work/fit.out", stderrFile: "fit.err" },
  };
  const [succeeded, failed] = [
    { kind: "succeeded", count: 4, exitCodes: null },
    { kind: "failed", count: 3, exitCodes: { least: 1, greatest: 4 } },
  ];
  const { url } = await fake({
    "GET /jobs/12": json({ ...detail, outcomes: [succeeded, failed] }),
    "GET /jobs/13": json({ ...detail, outcomes: [succeeded] }),
    "GET /jobs/15": json({ ...detail, outcomes: [], waits: { rule: "cores-busy", words: "free cores" } }),
    "GET /jobs/14": json({
      ...detail,
      array: null,
      outcomes: [],
      firstTasks: [{ index: 0, attempts: 1, runs: [run] }],
    }),
  });
  assert.match((await weir(url, ["show", "15"])).out, /^reason +free cores$/m);
  const { out } = await weir(url, ["show", "12"]);
  assert.doesNotMatch(out, /^reason/m);
  assert.match(out, /^tasks +9 \(1-9\): 2 running, 7 ended: 4 succeeded, 3 failed \(1–4\)$/m);
  const over = { kind: "failed", exitCode: 2, signal: null, by: null, reason: null };
  const array = { ...detail, state: "ended", outcome: over };
  const ended = await fake({
    "GET /jobs/12": json({ ...array, outcomes: [failed] }),
    "GET /jobs?limit=30": json({ jobs: [array, { ...array, array: null }], next: null }),
  });
  assert.match((await weir(ended.url, ["show", "12"])).out, /^state +failed \(1–4\)$/m);
  const [, first, second] = (await weir(ended.url, ["jobs"])).out.split("\n");
  assert.match(first ?? "", / failed +7\/9 /);
  assert.match(second ?? "", / failed \(2\) /);
  assert.match(out, /^standard output +\/data\/tides\/fit\.out$/m);
  const used = { wallMs: 1_000, cpuUserMs: 500, cpuSystemMs: 0, peakMemoryMib: 28, memoryWay: "cgroup-v1" };
  const measured = {
    ...run,
    startedMs: 1_700_000_001_000,
    usage: { ...used, droppedStdoutBytes: 0, droppedStderrBytes: 0, energyJoules: null },
  };
  const showOf = async (usage: object, ...words: readonly string[]) => {
    const firstTasks = [{ index: 0, attempts: 1, runs: [{ ...measured, usage }] }];
    const { url: shown } = await fake({ "GET /jobs/14": json({ ...detail, array: null, outcomes: [], firstTasks }) });
    return (await weir(shown, ["show", "14", ...words])).out;
  };
  assert.doesNotMatch(await showOf(measured.usage), /^ *energy /m, "nobody measures it");
  const withEnergy = { ...measured.usage, energyJoules: 4_500_000 };
  assert.match(await showOf(withEnergy), /^ *energy +1\.25 kWh, counted by node, with all that ran there$/m);
  assert.match(await showOf(withEnergy, "--lang=zh"), /^ *能耗 +1\.25 kWh（按节点计，含同一节点上的其他作业）$/m);
  for (const [memoryWay, en, zh] of [
    ["cgroup-v1", "cgroup-v1", "cgroup-v1"],
    ["sampled", "sampling", "采样"],
  ]) {
    const usage = { ...measured.usage, memoryWay };
    assert.match(await showOf(usage), new RegExp(`^ *memory limit by +${en}$`, "m"));
    assert.match(await showOf(usage, "--lang=zh"), new RegExp(`^ *内存限制方式 +${zh}$`, "m"));
  }
  const why = "the engine would not have it";
  const end = { ...plainOutcome, kind: "refused", reason: why };
  const unstarted = { ...measured, usage: null, startedMs: null, words: why, end };
  const refusedJob = { ...detail, array: null, outcomes: [], outcome: end };
  const said = async (job: object) => {
    const { url: shown } = await fake({ "GET /jobs/14": json(job) });
    return (await weir(shown, ["show", "14"])).out.split(why).length - 1;
  };
  assert.equal(await said({ ...refusedJob, firstTasks: [{ index: 0, attempts: 1, runs: [unstarted] }] }), 1, "once");
  const earlier = { ...unstarted, words: "another word" };
  assert.equal(
    await said({ ...refusedJob, outcome: plainOutcome, firstTasks: [{ index: 0, attempts: 1, runs: [earlier] }] }),
    1,
    "where it is not how the job ended, with the attempt",
  );
  const event = { id: "1", atMs: 1, job: 14, index: 0, attempt: 1, kind: "placed", centre: null, cause: "" };
  for (const [array, name] of [
    [null, "14"],
    ["0-3", "14_0"],
  ] as const) {
    const { url: told } = await fake({
      "GET /jobs/14": json({ ...detail, id: 14, array, outcomes: [], firstTasks: [] }),
      "GET /jobs/14/history": json({ events: [event], next: null }),
    });
    assert.match((await weir(told, ["show", "14", "--history"])).out, new RegExp(` ${name} +placed`), "its one task");
  }
  const { out: files } = await weir(url, ["show", "14"]);
  assert.match(
    files,
    /^standard output +\/srv\/runs\/14\.0\.1\/work\/fit\.out\nstandard error +fit\.err \(in the run's own folder/m,
  );
  assert.match(out, /^usage +0\.003 core-hours, 0 GiB-hours$/m);
  assert.match(out, /^defaults +nodes 1$/m);
  assert.match((await weir(url, ["show", "13"])).out, /^tasks +9 \(1-9\): 2 running, 7 ended$/m);
  assert.match(
    (await weir(url, ["show", "12", "--lang=zh"])).out,
    /^任务 +9（1-9）：2 运行中、7 已结束：4 成功、3 失败（1–4）$/m,
  );
});

test("admin lost asks for a reason, and sends it for a job or one task", async () => {
  const { url, seen } = await fake({ "POST /jobs/12/lost": json({ tasks: 2 }) });
  const mute = await weir(url, ["admin", "lost", "12"]);
  assert.deepEqual([mute.code, seen.length], [2, 0]);
  assert.match(mute.error, /--reason TEXT/);
  const said = await weir(url, ["admin", "lost", "12", "--reason", "it burnt"]);
  assert.deepEqual([said.code, said.out], [0, "Declared lost: 2 of 12\n"]);
  const one = await weir(url, ["--json", "admin", "lost", "12_7", "--reason", "it burnt"]);
  assert.deepEqual([one.code, JSON.parse(one.out)], [0, { tasks: 2 }]);
  assert.deepEqual(
    seen.map(({ body }) => body),
    [{ reason: "it burnt" }, { reason: "it burnt", index: 7 }],
  );
  assert.ok(seen.every(({ headers }) => headers["idempotency-key"]));
});

test("what others named cannot steer the terminal", async () => {
  const { url } = await fake({ "GET /jobs": json({ jobs: [{ ...job, name: "a\u001b[2Jb\nc" }], next: null }) });
  assert.match((await weir(url, ["jobs"])).out, /a\ufffd\[2Jb\ufffdc/);
});

test("jobs --all follows the pages", async () => {
  const { url } = await fake({
    "GET /jobs?limit=1000": json({ jobs: [job], next: "c" }),
    "GET /jobs?limit=1000&cursor=c": json({ jobs: [{ ...job, id: 2 }], next: null }),
  });
  const { out } = await weir(url, ["jobs", "--all", "--json"]);
  assert.deepEqual(
    JSON.parse(out).jobs.map(({ id }: { id: number }) => id),
    [12, 2],
  );
});

test("submit sends a script unchanged, its name, files, variables and sbatch's options", async () => {
  const { url, seen } = await fake({ "POST /jobs": json(submitted, 201) });
  const text = "#!/bin/sh\n#SBATCH --export=COLOUR,A=1\necho hi\n";
  writeFileSync(join(folder, "job.sh"), text);
  mkdirSync(join(folder, "data", "deep"), { recursive: true });
  writeFileSync(join(folder, "data", "a.txt"), "four");
  writeFileSync(join(folder, "data", "deep", "run"), "x", { mode: 0o755 });
  const typed = ["submit", "-c", "2", "--mem=1G", "-f", "data=in", "--label", "a=b=c", "-P", "physics", "--env", "B=2"];
  const environment = { HOME: folder, COLOUR: "red" };
  const options = [
    "--centre=local",
    "--retries=2",
    "--on-unreachable",
    "restart-after:30m",
    "job.sh",
    "--mem=9G",
    "-x",
    "--own",
  ];
  const ran = await weir(url, [...typed, "--server", url, ...options], { environment });
  assert.deepEqual(ran, {
    code: 0,
    out: "Submitted job 12 (x)\n",
    error: [
      "warning: behind the script, and so passed to it as with sbatch: --mem, -x; options of weir and sbatch come before the script. Behind -- this is not said.\n",
      "warning: careful\nit must end by 2026-11-23 18:00:00 +08:00\n",
    ].join(""),
  });
  assert.deepEqual(seen[0]?.body, {
    script: text,
    arguments: ["--mem=9G", "-x", "--own"],
    name: "job.sh",
    environment: { B: "2", COLOUR: "red" },
    labels: { a: "b=c" },
    inputFiles: [
      { path: "in/a.txt", contentBase64: "Zm91cg==", executable: false },
      { path: "in/deep/run", contentBase64: "eA==", executable: true },
    ],
    centres: { only: ["local"] },
    project: "physics",
    retries: 2,
    onUnreachable: { kind: "restart-after", delayS: 1800 },
    sbatchOptions: ["-c", "2", "--mem=1G"],
  });
  assert.match(`${seen[0]?.headers["idempotency-key"]}`, /^[0-9a-f]{32}$/);
});

test("submit --file: nothing of a folder is left out without a word", async () => {
  const { url, seen } = await fake({ "POST /jobs": json(submitted, 201) });
  const at = (...names: string[]) => join(folder, "tree", ...names);
  const sent = async (...files: string[]) => {
    const ran = await weir(url, ["submit", ...files.flatMap((file) => ["--file", file]), "--", "true"]);
    const body = seen.at(-1)?.body as { readonly inputFiles: readonly { readonly path: string }[] } | undefined;
    return { ...ran, paths: ran.code === 0 ? body?.inputFiles.map(({ path }) => path) : [] };
  };
  mkdirSync(at("in", "deep"), { recursive: true });
  writeFileSync(at("in", "deep", "a"), "1");
  writeFileSync(at("beside"), "2");
  symlinkSync("deep/a", at("in", "to-file"));
  symlinkSync(at("in", "deep"), at("in", "to-folder"));
  symlinkSync("tree/in", join(folder, "named"));
  assert.deepEqual(
    (await sent("tree/in")).paths,
    ["in/deep/a", "in/to-file", "in/to-folder/a"],
    "links into the folder",
  );
  assert.deepEqual((await sent("named")).paths, ["named/deep/a", "named/to-file", "named/to-folder/a"]);
  symlinkSync("../beside", at("in", "out"));
  const out = await sent("tree/in");
  assert.equal(out.code, 2);
  assert.match(
    out.error,
    /The link ".*\/tree\/in\/out" leads out of the folder that --file names, to ".*\/tree\/beside"/,
  );
  assert.deepEqual((await sent("tree/in/out")).paths, ["out"], "a link that is named itself");
  rmSync(at("in", "out"));
  const refusals: readonly (readonly [string, RegExp])[] = [
    ["nowhere", /leads nowhere/],
    ["../..", /leads out of the folder/],
    ["..", /leads to a folder that it lies in/],
    [".", /leads to a folder that it lies in/],
  ];
  for (const [target, words] of refusals) {
    symlinkSync(target, at("in", "deep", "link"));
    const refused = await sent("tree/in");
    assert.match(refused.error, words);
    assert.equal(refused.code, 2);
    rmSync(at("in", "deep", "link"));
  }
  execFileSync("mkfifo", [at("in", "pipe")]);
  assert.match((await sent("tree/in")).error, /tree\/in\/pipe" is neither a file nor a folder/);
  rmSync(at("in", "pipe"));
  mkdirSync(at("in", "empty"));
  const empty = await sent("tree/in");
  assert.equal(empty.paths?.length, 3);
  assert.match(empty.error, /the folder ".*\/tree\/in\/empty" is empty and is not sent/);
  for (const nothing of ["", "=name"]) {
    const refused = await sent(nothing);
    assert.equal(refused.code, 2);
    assert.match(refused.error, /--file cannot be|a file or folder, as in --file data\.csv/);
  }
});

test("a value that cannot be has one exit status, of an option of weir's and of sbatch's alike", async () => {
  for (const wrong of [["--retries", "-1"], ["-c", "0"], ["-t", "abc"], ["--mem=-1"], ["-N", "2-1"]]) {
    const ran = await weir("http://127.0.0.1:9", ["submit", ...wrong, "--", "true"]);
    assert.equal(ran.code, 2, `${wrong.join(" ")}: ${ran.error}`);
    assert.match(ran.error, /cannot be|is not/);
  }
});

test("submit --wait: what is wrong with what was typed has status 2, and nothing says that Weir refused it", async () => {
  writeFileSync(join(folder, "there.sh"), "#!/bin/sh\n");
  const cases = [
    ["nofile.sh", "--wait"],
    ["--wait", "nofile.sh"],
    ["--wait", "--env", "NOT_SET_HERE", "there.sh"],
    ["--wait", "--file", "missing", "there.sh"],
    ["--wait", "--retries=x", "there.sh"],
  ];
  for (const words of cases) {
    const ran = await weir("http://127.0.0.1:9", ["submit", ...words]);
    assert.equal(ran.code, 2, words.join(" "));
    assert.doesNotMatch(ran.error, /refused|125/, words.join(" "));
  }
  const { url } = await fake({ "POST /jobs": problem(500, "own-fault") });
  const failed = await weir(url, ["submit", "--wait", "there.sh"]);
  assert.equal(failed.code, 125);
  assert.match(failed.error, /What became of the job is not known here; the exit status is 125/);
});

test("submit: names in the script win over the file's; commands; scripts from standard input; --parsable", async () => {
  const { url, seen } = await fake({ "POST /jobs": json(submitted, 201) });
  writeFileSync(join(folder, "named.sh"), "#!/bin/sh\n#SBATCH -J inside --parsable\n");
  assert.equal((await weir(url, ["submit", "named.sh"])).out, "12\n");
  writeFileSync(join(folder, "plain.sh"), "#!/bin/sh\n");
  assert.match((await weir(url, ["submit", "plain.sh", "--wait"])).error, /passed to it as with sbatch: --wait;/);
  const body = (at: number) => seen[at]?.body as Readonly<Record<string, unknown>>;
  assert.equal(body(0).name, undefined);
  assert.deepEqual(body(1).arguments, ["--wait"]);
  for (const option of ["--dry-run", "--test-only"]) {
    const refused = await weir(url, ["submit", "plain.sh", "-c", "2", option]);
    assert.deepEqual([refused.code, seen.length], [2, 2], "it was to submit nothing");
    assert.match(refused.error, new RegExp(`Put it before the script: weir submit ${option} plain\\.sh`));
  }
  await weir(url, ["submit", "-t", "5", "--", "python3", "-c", "1"]);
  assert.deepEqual(body(2), { command: ["python3", "-c", "1"], sbatchOptions: ["-t", "5"] });
  const readAll = async () => new TextEncoder().encode("#!/bin/sh\n");
  await weir(url, ["submit"], { inIsTerminal: false, readAll });
  assert.deepEqual(body(3), { script: "#!/bin/sh\n" });
  await weir(url, ["submit", "--wrap", "echo hi"]);
  assert.deepEqual(body(4), { sbatchOptions: ["--wrap", "echo hi"] });
  const meant = await weir(url, ["submit", "plain.sh", "--", "--dry-run", "--", "-n"]);
  assert.deepEqual([meant.error.includes("behind the script"), body(5).arguments], [false, ["--dry-run", "--", "-n"]]);
  writeFileSync(join(folder, "latin.sh"), Buffer.from([0x23, 0x21, 0xe9]));
  assert.match((await weir(url, ["submit", "latin.sh"])).error, /not UTF-8/);
});

test("submit sends again with the same key where the answer is cut off", async () => {
  let calls = 0;
  const { url, seen } = await fake({
    "POST /jobs": (response, one) => {
      calls += 1;
      if (calls === 1) response.destroy();
      else if (calls === 2) problem(503, "store-unavailable")(response, one);
      else json(submitted, 201)(response, one);
    },
  });
  const ran = await weir(url, ["submit", "--parsable", "--", "true"]);
  assert.deepEqual([ran.code, ran.out], [0, "12\n"]);
  assert.equal(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size, 1);
  assert.equal(seen.length, 3);
});

test("--wait gives the job's exit code, over a cut stream; JSON keeps outcome and code apart", async () => {
  let streams = 0;
  let looks = 0;
  let cut = () => {};
  const failed = { ...plainOutcome, kind: "failed", exitCode: 3 };
  const event = { id: "1", atMs: 1, job: 12, index: 0, attempt: 1, kind: "x", centre: null, cause: "" };
  const { url } = await fake({
    "POST /jobs": json(submitted, 201),
    "GET /events": (response, one) => {
      streams += 1;
      if (streams > 1) return events({ ...event, state: "running" }, { ...event, state: "ended" })(response, one);
      response.writeHead(200, { "content-type": "text/event-stream" });
      // What came before the first look is told after it.
      for (const [kind, state] of [
        ["started", "running"],
        ["accepted", "starting"],
        ["unreachable", null],
      ] as const)
        response.write(`id: 1\ndata: ${JSON.stringify({ ...event, kind, state })}\n\n`);
      cut = () => response.destroy();
    },
    "GET /jobs/12": (response, one) => {
      const firstTasks = [{ index: 7, runs: [{ words: "first try" }, { words: "ends with 7" }] }];
      looks += 1;
      // Once all that it tells of has been looked into.
      if (looks === 4) response.once("finish", () => cut());
      const open = { ...job, state: looks === 1 ? "queued" : "running", outcome: null };
      const away = { ...open, unreachableSinceMs: 1_700_000_000_000 };
      const answer = streams > 1 ? { ...job, outcome: failed, firstTasks } : looks > 2 ? away : open;
      json(answer)(response, one);
    },
    "GET /jobs/12/tasks?limit=1000": json({
      tasks: [
        { index: 0, outcome: failed },
        { index: 1, outcome: null },
      ],
      next: "c",
    }),
    "GET /jobs/12/tasks?limit=1000&cursor=c": json({
      tasks: [{ index: 7, outcome: { ...failed, exitCode: 7 } }],
      next: null,
    }),
  });
  const ran = await weir(url, ["submit", "--wait", "--", "false"]);
  assert.equal(ran.code, 7);
  assert.match(
    ran.error,
    /job 12: queued\njob 12: running\njob 12: running; centre local cannot be reached since 2023-11-15 06:13:20 \+08:00\njob 12: failed \(3\)\n {2}exit status 7: the highest of its tasks, that of 12_7\n {2}ends with 7\n$/,
  );
  const inJson = await weir(url, ["submit", "--wait", "--json", "--", "false"]);
  assert.equal(inJson.code, 7);
  const { id, outcome, exitCode, index, words } = JSON.parse(inJson.out);
  assert.deepEqual([id, outcome, exitCode], [12, failed, 7], "an array gives the highest code of its tasks");
  assert.deepEqual([index, words], [7, "ends with 7"], "and says of that task why");
});

test("--wait says why the task whose code counts ended so, wherever it stands, and ends the same where none can say", async () => {
  const failed = { ...plainOutcome, kind: "failed", exitCode: 126 };
  const said = "\u001b[31mcannot run /x: Permission denied";
  let isSaid = true;
  const { url } = await fake({
    "POST /jobs": json({ ...submitted, tasks: 30 }, 201),
    "GET /events": events(),
    "GET /jobs/12": json({ ...job, tasks: 30, outcome: failed }),
    "GET /jobs/12/tasks": json({
      tasks: [
        { index: 0, outcome: plainOutcome },
        { index: 28, outcome: failed },
      ],
      next: null,
    }),
    "GET /jobs/12/tasks/28": (response, one) =>
      (isSaid ? json({ index: 28, runs: [{ words: said }] }) : problem(503, "store-unavailable"))(response, one),
  });
  const ran = await weir(url, ["submit", "--wait", "--array=0-29", "--", "/x"]);
  assert.deepEqual([ran.code, ran.out], [126, "Submitted job 12 (x, 30 tasks)\n"]);
  assert.match(ran.error, /job 12: failed \(126\)\n {2}12_28: \ufffd\[31mcannot run \/x: Permission denied\n$/);
  isSaid = false;
  const mute = await weir(url, ["submit", "--wait", "--array=0-29", "--", "/x"]);
  assert.deepEqual([mute.code, mute.error.endsWith("failed (126)\n")], [126, true]);
});

test("submit: nothing on standard input is nothing to submit; only defaults that bind are told", async () => {
  const defaults = [
    { field: "name", value: "x" },
    { field: "project", value: "default" },
    { field: "nodes", value: "1" },
    { field: "memory", value: "the centre's memory per core × cores" },
    { field: "timeLimitS", value: "3600" },
    { field: "processes", value: "4096" },
  ];
  const { url, seen } = await fake({ "POST /jobs": json({ ...submitted, name: "a\nb\u001b[31mX", defaults }, 201) });
  for (const typed of [["submit"], ["submit", "-"]]) {
    const { code, error } = await weir(url, typed, { inIsTerminal: false });
    assert.equal(code, 2, typed.join(" "));
    assert.match(error, /weir submit SCRIPT, or weir submit -- COMMAND/);
  }
  assert.equal(seen.length, 0);
  const ran = await weir(url, ["submit", "--", "true"]);
  assert.equal(ran.out, "Submitted job 12 (a\ufffdb\ufffd[31mX)\n");
  assert.match(
    ran.error,
    /^defaults: project default, memory the centre's memory per core × cores, time limit 1 h, most processes at a process centre 4096$/m,
  );
  assert.deepEqual(JSON.parse((await weir(url, ["submit", "--json", "--", "true"])).out).defaults, defaults);
});

test("logs: the bytes as they are, piece by piece; followed over a cut, with Last-Event-ID", async () => {
  const piece = (offset: number, bytes: Buffer, sizeBytes: number, final: boolean) => ({
    run: "12.0.1",
    stream: "stdout",
    offset,
    nextOffset: offset + bytes.length,
    sizeBytes,
    base64: bytes.toString("base64"),
    final,
  });
  const [first, second] = [Buffer.from([0xe4, 0xbd]), Buffer.from([0xa0, 0x0a])];
  let follows = 0;
  const { url, seen } = await fake({
    "GET /jobs/12/tasks": json({ tasks: [{ index: 5 }], next: null }),
    "GET /jobs/13/tasks": json({ tasks: [{ index: 0 }, { index: 1 }], next: "1" }),
    "GET /jobs/12/log?index=5&stream=stdout&offset=0": json(piece(0, first, 4, false)),
    "GET /jobs/12/log?index=5&stream=stdout&offset=2": json(piece(2, second, 4, true)),
    "GET /jobs/12/log?index=5&stream=stderr&offset=-1": json({
      ...piece(119, Buffer.from("!"), 120, true),
      stream: "stderr",
    }),
    "GET /jobs/12/log/follow": (response, one) => {
      follows += 1;
      if (follows === 1) return problem(503, "log-unavailable")(response, one);
      const at = follows === 2 ? piece(0, first, 2, false) : piece(2, second, 4, true);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`: heartbeat\n\nid: ${at.nextOffset}\ndata: ${JSON.stringify(at)}\n\n`);
      if (follows === 2) setTimeout(() => response.destroy(), 50);
      else response.end();
    },
  });
  const errors = "Its standard error has 120 bytes: weir logs -e 12\n";
  const whole = await weir(url, ["logs", "12"]);
  assert.deepEqual([whole.out, whole.error], ["你\n", errors]);
  const array = await weir(url, ["logs", "13"]);
  assert.deepEqual([array.code, array.error], [2, "weir: 13 is an array; name one of its tasks, such as 13_0.\n"]);
  const followed = await weir(url, ["logs", "-f", "12"]);
  assert.deepEqual([followed.code, followed.out], [0, "你\n"]);
  assert.match(followed.error, /waiting for the job to start/);
  assert.ok(followed.error.endsWith(errors), followed.error);
  assert.equal(seen.findLast(({ line }) => line.includes("/follow"))?.headers["last-event-id"], "2");
  assert.equal(JSON.parse((await weir(url, ["logs", "12", "--json"])).out).text, "你\n");
});

test("cancel: several tasks of an array at once, as scancel has it", async () => {
  const done = { tasks: 1, ended: 1, asked: 0, endedBefore: 0 };
  const { url, seen } = await fake({ "POST /jobs/12/cancel": json(done) });
  const { code, out } = await weir(url, ["cancel", "12_[1-3,7]"]);
  assert.deepEqual([code, out], [0, "Cancelled 12_1\nCancelled 12_2\nCancelled 12_3\nCancelled 12_7\n"]);
  assert.deepEqual(
    seen.map(({ body }) => body),
    [1, 2, 3, 7].map((index) => ({ index })),
  );
  for (const wrong of ["12_[]", "12_[3-1]", "12_[1-9999]", "12_[a]"])
    assert.equal((await weir(url, ["cancel", wrong])).code, 2, wrong);
  assert.match(
    (await weir(url, ["cancel", "12_[9-8]"])).error,
    /^weir: 12_\[9-8\]: 9-8 ends before it begins\. Write several tasks of an array as 12_\[1-3,7\]/,
  );
  assert.match(
    (await weir(url, ["cancel", "12_[9-8]", "--lang=zh"])).error,
    /9-8 的终点在起点之前。数组的多个任务写作/,
  );
  assert.match((await weir(url, ["cancel", "12_[1-3%2]"])).error, /"1-3%2" is neither an index nor a range/);
  assert.match(
    (await weir(url, ["cancel", "12_[1-9999]"])).error,
    /more than 1000 tasks; name fewer, or the whole array: weir cancel 12$/m,
  );
  assert.equal(seen.length, 4, "what makes no sense asks for nothing");
});

test("cancel says where a centre is away, and what that means", async () => {
  const asked = { tasks: 1, ended: 0, asked: 1, endedBefore: 0 };
  const of = (unreachableSinceMs: number | null) =>
    fake({ "POST /jobs/12/cancel": json(asked), "GET /jobs/12": json({ ...job, unreachableSinceMs }) });
  const away = await of(1_700_000_000_000);
  assert.match(
    (await weir(away.url, ["cancel", "12"])).error,
    /^warning: 12: its centre \(local\) is unreachable since 2023-11-15 /,
  );
  assert.equal((await weir((await of(null)).url, ["cancel", "12"])).error, "");
});

test("jobs and usage take each other's words for a period", async () => {
  const { url, seen } = await fake({ "GET /jobs": json({ jobs: [], next: null }) });
  for (const [from, to] of [
    ["--since", "--until"],
    ["--from", "--to"],
  ] as const)
    await weir(url, ["jobs", from, "2026-11-20", to, "2026-11-22"]);
  assert.equal(seen.length, 2);
  assert.equal(seen[0]?.line, seen[1]?.line);
  assert.match(seen[0]?.line ?? "", /submittedFromMs=\d+&submittedToMs=\d+/);
  const wrong = await weir(url, ["usage", "--since", "never"]);
  assert.deepEqual([wrong.code, /"never"/.test(wrong.error)], [2, true]);
});

test("a period that ends before it begins is refused, and does not find nothing", async () => {
  for (const command of [["jobs"], ["admin", "events"]]) {
    const { code, error } = await weir(null, [...command, "--since", "today", "--until", "yesterday"]);
    assert.deepEqual([code, error], [2, "weir: --since must not be later than --until.\n"]);
  }
});

test("cancel: one refusal keeps no other", async () => {
  const { url, seen } = await fake({
    "POST /jobs/12/cancel": json({ tasks: 3, ended: 3, asked: 0, endedBefore: 0 }),
    "POST /jobs/13/cancel": json({ tasks: 1, ended: 1, asked: 0, endedBefore: 0 }),
    "POST /jobs/14/cancel": json({ tasks: 6, ended: 4, asked: 2, endedBefore: 2 }),
    "POST /jobs/15/cancel": json({ tasks: 1, ended: 0, asked: 1, endedBefore: 0 }),
    "POST /jobs/9/cancel": problem(409, "x"),
  });
  assert.equal((await weir(url, ["cancel", "13"])).out, "Cancelled 13\n");
  const some = "Cancelled 14: 4 that waited; 2 under way, asked to end; 2 had ended before\n";
  assert.equal((await weir(url, ["cancel", "14"])).out, some);
  assert.equal((await weir(url, ["cancel", "15"])).out, "Asked 15 to end (it is under way)\n");
  const zh = "已取消 14：等待中的 4 个任务；进行中的 2 个已要求结束；2 个此前已结束\n";
  assert.equal((await weir(url, ["cancel", "14", "--lang=zh"])).out, zh);
  const ran = await weir(url, ["cancel", "9", "12_7", "--reason", "wrong"]);
  assert.deepEqual([ran.code, ran.out], [3, "Cancelled 12_7 (3 tasks)\n"]);
  assert.deepEqual(seen.at(-1)?.body, { index: 7, reason: "wrong" });
});

test("login keeps server and token in a file that nobody else can read; other servers never see the token", async () => {
  const me = { person: { name: "li" }, tenants: [], defaultProject: null, hasPassword: false };
  const own = await fake({
    "POST /sign-in?as=token": json({ me, token: "secret" }),
    "GET /me": json(me),
    "GET /jobs": json({ jobs: [], next: null }),
    "POST /sign-out": json({}),
  });
  const other = await fake({ "GET /jobs": json({ jobs: [], next: null }) });
  const home = join(folder, "someone");
  const environment = { HOME: home, WEIR_HOME: join(home, "weir") };
  assert.equal((await weir(null, ["login", `${own.url}/sign-in#code=once`], { environment })).code, 0);
  assert.deepEqual(own.seen[0]?.body, { code: "once" });
  const file = join(home, ".config", "weir", "login.json");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { url: own.url, token: "secret" });
  await weir(null, ["jobs"], { environment });
  assert.equal(own.seen.at(-1)?.headers.authorization, "Bearer secret");
  await weir(null, ["jobs", "--server", other.url], { environment });
  assert.equal(other.seen.at(-1)?.headers.authorization, undefined);
  assert.equal((await weir(null, ["logout"], { environment })).code, 0);
  assert.throws(() => statSync(file));
});

test("without a login, the server and the token of this machine's home", async () => {
  const { url, seen } = await fake({ "GET /jobs": json({ jobs: [], next: null }) });
  const home = join(folder, "instance");
  mkdirSync(home);
  writeFileSync(join(home, "lock"), JSON.stringify({ pid: 1, url, programs: [] }));
  writeFileSync(join(home, "token"), "of-the-home\n", { mode: 0o600 });
  const environment = { HOME: join(folder, "nobody"), WEIR_HOME: home };
  assert.equal((await weir(null, ["jobs"], { environment })).code, 0);
  assert.equal(seen[0]?.headers.authorization, "Bearer of-the-home");
});

test("completion scripts are good shell and offer commands and options", async () => {
  const { out } = await weir(null, ["completion", "bash"]);
  const script = `${out}
COMP_WORDS=(weir adm); COMP_CWORD=1; _weir; echo "$COMPREPLY"
COMP_WORDS=(weir admin user ""); COMP_CWORD=3; _weir; echo "\${COMPREPLY[@]:0:3}"
COMP_WORDS=(weir jobs --st); COMP_CWORD=2; _weir; echo "$COMPREPLY"
COMP_WORDS=(weir show 12 --hi); COMP_CWORD=3; _weir; echo "$COMPREPLY"
`;
  assert.equal(execFileSync("bash", ["-c", script], { encoding: "utf8" }), "admin\nlist add set\n--state\n--history\n");
  assert.match((await weir(null, ["completion", "zsh"])).out, /^#compdef weir/);
  assert.match((await weir(null, ["completion", "fish"])).out, /complete -c weir .* -l state/);
});

test("where work may go: said at submission, set of a tenant and a project, and what regions agreed", async () => {
  const place = { region: "cn-sd", residency: ["cn"], domestic: true };
  const tenant = { id: 1, name: "ouc", title: "OUC", home: null, mostCores: null, grants: [], place };
  const project = {
    id: 2,
    name: "tides",
    title: "Tides",
    tenant: "ouc",
    mostCores: null,
    grants: [],
    place: { residency: null, domestic: false },
  };
  const night = { days: [1, 2, 3, 4, 5], from: "20:00", to: "08:00" };
  const agreement = { from: ["cn-sd"], to: ["cn-gz", "cn-sc"], sharePercent: 25, hours: [night], terms: "Contract 7" };
  const document = { otherwise: "refused", agreements: [agreement] };
  const unstated = { tenants: 2, centres: 0 };
  const inForce = { version: 3, setBy: "li", setMs: 0, document, unstated, versions: [] };
  const { url, seen } = await fake({
    "POST /jobs": json(submitted, 201),
    "GET /tenants": json({ tenants: [tenant], next: null }),
    "PUT /tenants/ouc/place": json({ ...tenant, notes: [] }),
    "PUT /projects/tides/place": json({ ...project, notes: ["no centre in service lies in cn-gz"] }),
    "GET /agreements": json(inForce),
    "PUT /agreements": json(inForce),
  });
  await weir(url, ["submit", "--residency", "cn-gz,cn-sd", "--domestic", "--", "true"]);
  assert.deepEqual(seen.at(-1)?.body, { command: ["true"], residency: ["cn-gz", "cn-sd"], domestic: true });
  await weir(url, ["admin", "tenant", "set", "ouc", "--region", "cn-sd", "--residency", "none"]);
  assert.deepEqual(seen.at(-1)?.body, { region: "cn-sd", residency: null });
  const bound = await weir(url, ["admin", "project", "set", "tides", "--residency=cn-sd,cn-gz", "--domestic=no"]);
  assert.deepEqual(seen.at(-1)?.body, { residency: ["cn-sd", "cn-gz"], domestic: false });
  assert.match(bound.error, /^Its work may get any equipment\.\nno centre in service lies in cn-gz$/m);
  assert.match((await weir(url, ["admin", "tenant", "list"])).out, /OUC\s+cn-sd\s+cn domestic only/);

  const shown = await weir(url, ["agreements"]);
  assert.match(
    shown.out,
    /Shandong \(cn-sd\)\s+Guizhou \(cn-gz\), Sichuan \(cn-sc\)\s+25 %\s+Monday–Friday 20:00–08:00\s+Contract 7/,
  );
  assert.match(shown.out, /nothing crosses/);
  assert.match(shown.error, /version 3, set by li/);
  assert.match(shown.error, /Tenants whose region nobody has stated: 2\. All their work is refused/);
  assert.doesNotMatch(shown.error, /Centres whose/);
  const chinese = await weir(url, ["agreements", "--lang=zh"]);
  assert.match(chinese.out, /山东（cn-sd）\s+贵州（cn-gz）、四川（cn-sc）/);
  const path = join(folder, "agreements.json");
  writeFileSync(path, JSON.stringify(inForce));
  const again = await weir(url, ["agreements", "--set", path]);
  assert.deepEqual([seen.at(-1)?.line, seen.at(-1)?.body], ["PUT /agreements?base=3", document]);
  assert.match(again.error, /^These are the agreements in force: nothing changes\.$/m);
  writeFileSync(path, "{");
  const wrong = await weir(url, ["agreements", "--set", path]);
  assert.deepEqual([wrong.code, wrong.out], [2, ""]);
});

test("people are undone: what it means is said, in both languages, and their jobs are cancelled only when asked", async () => {
  const li = { id: 2, name: "li", title: "Li", administrator: false, disabledMs: null, projects: [] };
  const { url, seen } = await fake({
    "DELETE /projects/tides/members/li": json(li),
    "PUT /people/li": json({ ...li, disabledMs: 5 }),
    "GET /people": json({ people: [{ ...li, disabledMs: 5 }], next: null }),
    "GET /jobs": json({ jobs: [], next: null }),
    "GET /jobs?person=li&state=running&limit=1000": json({ jobs: [7, 8].map((id) => ({ ...job, id })), next: null }),
    "POST /jobs/7/cancel": json({ tasks: 1 }),
    "POST /jobs/8/cancel": problem(409, "already-ended"),
  });
  const removed = await weir(url, ["admin", "project", "member", "tides", "li", "--remove"]);
  assert.match(removed.out, /^li is no member of tides any more\. What they submitted there belongs to the project/);
  const mute = await weir(url, ["admin", "user", "set", "li"]);
  assert.deepEqual([mute.code, mute.out], [2, ""]);
  const raised = await weir(url, ["admin", "user", "set", "li", "--administrator", "no", "--title", "李", "--lang=zh"]);
  assert.deepEqual(seen.at(-1)?.body, { administrator: false, title: "李" });
  assert.match(raised.out, /^li 不再是管理员.*\nli 显示为 李。\n$/);
  const before = seen.length;
  const disabled = await weir(url, ["admin", "user", "disable", "li"]);
  assert.deepEqual(seen.at(-1)?.body, { disabled: true });
  assert.equal(seen.length, before + 1, "no job is touched");
  assert.match(disabled.out, /^li is disabled: signed out everywhere/);
  assert.match(disabled.error, /Jobs that li submitted go on/);
  const cancelled = await weir(url, ["admin", "user", "disable", "li", "--cancel-jobs"]);
  assert.equal(cancelled.code, 0);
  assert.match(cancelled.error, /Jobs of li that were cancelled: 1\./, "one had ended meanwhile");
  const enabled = await weir(url, ["admin", "user", "enable", "li"]);
  assert.deepEqual(seen.at(-1)?.body, { disabled: false });
  assert.match(enabled.out, /weir admin user link li/);
  assert.match((await weir(url, ["admin", "user", "list"])).out, /li\s+Li\s+member, disabled/);
  for (const [option, most] of [
    ["--core-hours", "from 0 to 2000000000, or none"],
    ["--most-cores", "from 1 to 2000000000, or none"],
  ] as const) {
    const { code, error } = await weir(url, ["admin", "tenant", "set", "ouc", option, "99999999999999999"]);
    assert.equal(code, 2);
    assert.ok(error.includes(most), error);
  }
});

test("a value that cannot be is refused by the option that was typed, in its unit, before anything is asked", async () => {
  const { url, seen } = await fake({});
  const typed: readonly (readonly [readonly string[], RegExp])[] = [
    [
      ["tokens", "add", "--expires", "100000", "ci"],
      /--expires cannot be "100000"; write a whole number from 1 to 366/,
    ],
    [["submit", "--grace", "9999", "--", "true"], /--grace cannot be "9999"; write a whole number from 0 to 3600/],
    [["submit", "--accelerator-share=2000", "--", "true"], /--accelerator-share cannot be "2000"; .* from 1 to 999/],
    [["submit", "--retries=101", "--", "true"], /--retries cannot be "101"; .* from 0 to 100/],
    [["submit", "--env", "1X=2", "--", "true"], /--env cannot be "1X=2"; write NAME=VALUE/],
    [["usage", "--from", "2026-02-02", "--to", "2026-01-01"], /--from must not be later than --to/],
    [["jobs", "--outcome", "exploded"], /--outcome.*exploded.*succeeded/],
  ];
  for (const [words, expected] of typed) {
    const { code, error } = await weir(url, words);
    assert.equal(code, 2, words.join(" "));
    assert.match(error, expected);
  }
  assert.equal(seen.length, 0);
});

test("a token without an end never expires, in Chinese as in English", async () => {
  const token = { id: 1, name: "ci", createdMs: 0, expiresMs: null, lastUsedMs: null };
  const { url } = await fake({ "GET /tokens": json({ tokens: [token], next: null }) });
  assert.match((await weir(url, ["tokens", "--lang=zh"])).out, / 永不 +从未/);
});

test("policy and terms are set on the version they were made on; what is in force already is said to change nothing", async () => {
  const home = { centre: "jinan", started: 0, lateShare: 0, lateByP99S: 0 };
  const set = {
    version: 4,
    name: "weir",
    setBy: "li",
    setMs: 0,
    policy: {},
    unreadable: [],
    homes: [home],
    versions: [],
  };
  const made = { centre: "jinan", terms: { priceList: "free" }, versions: [{ version: 7, setBy: "li", setMs: 0 }] };
  const { url, seen } = await fake({
    "GET /policy": json(set),
    "PUT /policy": json(set),
    "GET /centres/jinan/terms": json({ ...made, versions: [{ version: 9, setBy: "wang", setMs: 0 }] }),
    "POST /centres/jinan/terms/preview": json({ centre: "jinan", consequences: [] }),
    "PUT /centres/jinan/terms": problem(409, "overtaken"),
  });
  const used = await weir(url, ["policy", "use", "weir"]);
  assert.deepEqual(seen.at(-1)?.line, "PUT /policy?base=4");
  assert.match(used.error, /^This is the policy in force: nothing changes\.$/m);
  assert.match(used.error, /^home jinan: none of its tenants' tasks is over yet/m);
  const path = join(folder, "terms.json");
  for (const [file, base] of [
    [made, 7],
    [made.terms, 9],
  ] as const) {
    writeFileSync(path, JSON.stringify(file));
    const refused = await weir(url, ["centre", "terms", "jinan", "--set", path]);
    assert.deepEqual([refused.code, seen.at(-1)?.line], [3, `PUT /centres/jinan/terms?base=${base}`]);
  }
});

test("another program at the address is not taken for a Weir server where one is not signed in", async () => {
  const { url } = await fake({
    "POST /jobs": json({ title: "Unauthorized", status: 401, detail: "no key" }, 401),
  });
  const { error } = await weir(url, ["submit", "--", "true"]);
  assert.match(error, /What answers there is no Weir server \(status 401/);
  assert.doesNotMatch(error, /signed in/);
});

test("a centre's pools come in the order of their names, with limits said once; why others are hidden stands above them", async () => {
  const pool = (name: string, most: number) => ({
    name,
    contract: "shared",
    state: "up",
    lifeCycle: "in-service",
    nodes: 2,
    nodesUp: 2,
    cores: 16,
    memoryMib: 1024,
    free: { cores: 16, memoryMib: 1024, accelerators: [] },
    used: { cores: 0, memoryMib: 0, accelerators: [] },
    accelerators: [],
    limits: { timeLimitS: null, leastNodes: most, mostNodes: most },
    foreign: { kind: "hidden", why: "PrivateData=jobs hides the work of others" },
    runs: 0,
    waiting: 0,
    maxPending: 8,
    startable: [],
    maintenance: [],
    reserved: null,
    shut: null,
  });
  const centre = (mechanisms: object) => ({
    id: "jinan",
    name: "Jinan",
    nameZh: "济南",
    driver: "slurm",
    lifeCycle: "in-service",
    state: "connected",
    intake: "open",
    region: null,
    lastSeenMs: 0,
    agentVersion: "0.3.0",
    mechanisms,
    pools: [pool("p10", 2), pool("p2", 1)],
  });
  const shown = async (mechanisms: object, language: string) => {
    const { url } = await fake({
      "GET /centres": json({ centres: [centre(mechanisms)], next: null }),
      "GET /me": json({ person: { administrator: false } }),
    });
    const { out, error } = await weir(url, ["centre", "show", "jinan", `--lang=${language}`]);
    assert.equal(error, "");
    return out;
  };
  const said = await shown({ load: "PrivateData=jobs hides the work of others" }, "en");
  assert.deepEqual(
    said.match(/^p\d+ +shared/gm)?.map((line) => line.split(" ")[0]),
    ["p2", "p10"],
  );
  assert.match(said, /^p2 .* 1 node a job +hidden: estimates are rough /m);
  assert.match(said, /^p10 .* 2 nodes a job /m);
  assert.match(await shown({}, "en"), /^p2 .* hidden, so estimates there are rough: PrivateData/m);
  assert.match(await shown({ load: "x" }, "zh"), /^p2 .* 每作业 1 节点 +不可见，预计仅供参考 /m);
});

test("accounts that were asked for of several people are listed once each", async () => {
  const account = (id: number, name: string) => ({
    person: { id, name },
    project: { id: 1, name: "default" },
    readiness: "requested",
    sinceMs: 0,
    answered: false,
  });
  const asked: ReturnType<typeof account>[] = [];
  const { url } = await fake({
    "PUT /centres/jinan/accounts": (response, { body }) => {
      asked.push(account(asked.length + 1, (body as { person: string }).person));
      json({ centre: "jinan", needed: true, accounts: asked })(response, { line: "", headers: {}, body: null });
    },
  });
  const { out, error } = await weir(url, ["centre", "accounts", "jinan", "--person", "admin", "--person", "li"]);
  assert.equal(error, "");
  assert.deepEqual(out.match(/^(admin|li)\b/gm), ["admin", "li"]);
});

test("a connection test of a centre that is not connected says at once that its agent is waited for", async () => {
  const test = { id: 7, centre: "jinan", state: "asked", checks: [], of: 20 };
  const { url } = await fake({
    "POST /centres/jinan/tests": json(test),
    "GET /centres": json({ centres: [{ id: "jinan", state: "never-connected" }], next: null }),
    "GET /centres/jinan/tests/7": json({ ...test, state: "abandoned" }),
  });
  const { error } = await weir(url, ["centre", "test", "jinan"]);
  assert.match(error, /jinan: never connected\. Its agent begins the test once it calls; it is waited for 60 s\./);
});
