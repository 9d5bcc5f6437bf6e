import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { Field, Frame } from "#agent/drivers/process/frame.ts";
import { commandsEngine, frameOf } from "./commands.ts";
import { delegatedEngine } from "./delegated-engine.ts";
import { type Engine, PolicyRefusal, type TaggedJob } from "./engine.ts";
import { type RestEngine, restEngine } from "./rest.ts";
import type { WeirAs } from "./weir-as.ts";

// A slurmctld that lost its state gives its numbers again: what is ended or signalled is told by its tag, never by number alone.

const [mine, other] = ["a-1.0.1-1", "a-2.0.1-1"];

/** As weir-as of this version, with a queue in which 12 and the array 14 are; `asked`: what it was asked after `hello`. */
function helperOf(version: number) {
  const asked: (readonly [verb: string, ...fields: string[]])[] = [];
  const ask = async (verb: string, fields: readonly Field[]): Promise<Frame> => {
    if (verb === "hello")
      return frameOf([
        ["ok", 1],
        ["version", version],
        ["tokens", 3600],
      ]);
    if (verb === "token")
      return frameOf([
        ["ok", 1],
        ["token", "t"],
        ["expiresInS", 3600],
      ]);
    asked.push([verb, ...fields.map(([name, value]) => `${name}=${value}`)]);
    if (verb !== "list") return frameOf([["ok", 1]]);
    const row = (...cells: readonly string[]): Field => ["queue", cells.join("\t")];
    return frameOf([
      ["ok", 1],
      ["queueFields", "id\tarrayJob\tarrayTask\tstate\tcomment\tname"],
      row("12", "12", "", "RUNNING", "", `x.weir-${mine}`),
      row("15", "14", "3", "RUNNING", `weir-${other}`, "renamed"),
    ]);
  };
  return { asked, helper: { ask, refusals: () => null, pid: () => null, close: () => {} } satisfies WeirAs };
}

test("the helper is told the tag of each; an earlier one, which heeds none, only of what carries its own", async () => {
  const now = helperOf(2);
  const engine = commandsEngine(now.helper);
  await engine.cancel("li", [{ id: "12", tag: mine }], "waiting");
  await engine.warn("li", [{ id: "14_3", tag: other }], "USR1");
  assert.deepEqual(now.asked, [
    ["cancel", "user=li", "waiting=1", "engineId=12", `tag=${mine}`],
    ["cancel", "user=li", "signal=USR1", "batch=1", "engineId=14_3", `tag=${other}`],
  ]);

  const before = helperOf(1);
  const earlier = commandsEngine(before.helper);
  const cancels = () => before.asked.filter(([verb]) => verb === "cancel").map((words) => words.slice(1));
  const stale: readonly TaggedJob[] = [
    { id: "12", tag: other },
    { id: "14_3", tag: mine },
    { id: "13", tag: mine },
  ];
  assert.deepEqual(await earlier.cancel("li", stale, "all"), { notThere: ["12", "14_3", "13"] });
  await earlier.warn("li", stale, "USR1");
  assert.deepEqual(cancels(), []);
  const both: readonly TaggedJob[] = [...stale, { id: "12", tag: mine }, { id: "14_3", tag: other }];
  await earlier.cancel("li", both, "all");
  assert.deepEqual(cancels(), [
    ["user=li", "waiting=0", "engineId=12", `tag=${mine}`, "engineId=14_3", `tag=${other}`],
  ]);
});

test("by slurmrestd another run's job with the number, or one that is not Weir's, is not there, and is left alone", async () => {
  const deleted: string[] = [];
  const server = createServer((asked, answer) => {
    const id = /\/job\/(\w+)$/.exec(asked.url ?? "")?.[1];
    const known = { 12: [12, `x.weir-${mine}`, ""], 13: [13, "thesis", ""] } as const;
    const [job_id, name, comment] = known[Number(id) as 12 | 13] ?? [15, "renamed", `weir-${other}`];
    if (asked.method === "DELETE") deleted.push(id ?? "");
    const jobs = [{ job_id, name, comment, job_state: "RUNNING", user_name: "li" }];
    answer.end(JSON.stringify({ errors: [], jobs, paths: { "/slurm/v0.0.38/job/submit": {} } }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { helper } = helperOf(2);
  const place = { kind: "tcp", host: "127.0.0.1", port } as const;
  const settings = { place, patienceMs: 5000, note: () => {}, monotonicMs: () => 0 };
  const engine = restEngine(commandsEngine(helper), helper, settings);
  try {
    const stale = [
      { id: "12", tag: other },
      { id: "14_3", tag: mine },
      { id: "12", tag: "1.0.1-1" },
      { id: "13", tag: mine },
    ];
    assert.deepEqual(await engine.cancel("li", stale, "all"), { notThere: ["12", "14_3", "12", "13"] });
    assert.deepEqual(deleted, []);
    const both = [
      { id: "12", tag: mine },
      { id: "14_3", tag: other },
    ];
    assert.deepEqual(await engine.cancel("li", both, "all"), { notThere: [] });
    assert.deepEqual(deleted.sort(), ["12", "14_3"]);
  } finally {
    engine.close();
    server.closeAllConnections();
    server.close();
  }
});

test("cancels of two runs that had the same number wait for a credential each by itself", async () => {
  let lends = false;
  const done: unknown[] = [];
  const cancel: Engine["cancel"] = async (_user, jobs) => {
    if (!lends) throw new PolicyRefusal("nothing is lent", "credential");
    done.push(...jobs);
    return { notThere: [] };
  };
  const engine = delegatedEngine({ cancel, transport: "" } as unknown as RestEngine, {} as Engine, () => {});
  const jobs = [mine, other].map((tag): TaggedJob => ({ id: "12", tag }));
  for (const job of jobs) assert.equal((await engine.cancel("li", [job], "all")).waitsFor, "credential");
  lends = true;
  const told: unknown[] = [];
  await engine.renewed("li", (job) => told.push(job));
  assert.deepEqual([done, told], [jobs, jobs]);
});

test("of what waits for a credential an end goes before a taking back, and any other no is passed on", async () => {
  let rule: string | null = "credential";
  const done: unknown[] = [];
  const cancel: Engine["cancel"] = async (_user, jobs, which) => {
    if (rule !== null) throw new PolicyRefusal("no", rule);
    done.push([jobs, which]);
    return { notThere: [] };
  };
  const engine = delegatedEngine({ cancel, transport: "" } as unknown as RestEngine, {} as Engine, () => {});
  const jobs: readonly TaggedJob[] = [{ id: "12", tag: mine }];
  await engine.cancel("li", jobs, "all");
  await engine.cancel("li", jobs, "waiting");
  rule = "foreign-job";
  await assert.rejects(engine.cancel("li", [{ id: "13", tag: mine }], "all"), { rule: "foreign-job" });
  rule = null;
  await engine.renewed("li", () => {});
  assert.deepEqual(done, [[jobs, "all"]]);
});
