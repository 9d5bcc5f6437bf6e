import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import fc from "fast-check";
import { paths } from "#agent/install/texts.ts";
import { jobId, runId } from "#core/ids.ts";
import type { RunOrder } from "#core/run-order.ts";
import { sampleOrder, sampleUsage } from "#core/sample-testing.ts";
import { chunkName, engineMinutes, groupOrders, type Place, submissionOf } from "./chunks.ts";
import { openMapping, parseMapping, resolveMapping } from "./mapping.ts";
import { type ChunkFacts, openNotebook } from "./notebook.ts";
import { parseSite } from "./site.ts";

const scratch = mkdtempSync(join(tmpdir(), "weir-slurm-"));
after(() => rmSync(scratch, { recursive: true }));

const array = { ranges: [{ first: 0, last: 199, step: 1 }], throttle: 5 };
const task = (job: number, index: number, attempt = 1, startWithinMs = 60_000) =>
  sampleOrder(job, { run: runId({ job: jobId(job), index, attempt }), index, attempt, array, startWithinMs });
const place: Place = { user: "li", account: "lab", partition: "batch", qos: null, gres: null, mostTimeS: null };

describe("chunks", () => {
  test("tasks of one job travel together, whatever their attempts; others do not", () => {
    const orders = [task(1, 5), task(1, 6), task(2, 5), task(1, 7, 2), sampleOrder(3)];
    const groups = groupOrders(orders, 1001, 1000);
    assert.deepEqual(
      groups.map(({ orders: some, isArray }) => [some.map(({ run }) => run), isArray]),
      [
        [["3.0.1"], false],
        [["1.5.1", "1.6.1", "1.7.2"], true],
        [["2.5.1"], true],
      ],
    );
    const first = groups[1];
    assert.ok(first);
    const sent = submissionOf(first, place, chunkName("abc", first), 60, false);
    assert.deepEqual(
      [sent.chunk, sent.array, sent.wholeArray],
      ["abc-1.5.1-3", "5-7", { count: 200, least: 0, most: 199, step: 1 }],
    );
  });

  test("an index that Slurm does not take, a lease that is much shorter, and a full chunk go apart", () => {
    assert.deepEqual(
      groupOrders([task(1, 5), task(1, 1001), task(1, 1002)], 1001, 1000).map(({ isArray }) => isArray),
      [true, false, false],
    );
    assert.equal(groupOrders([task(1, 5), task(1, 6, 1, 10_000)], 1001, 1000).length, 2);
    assert.equal(
      groupOrders(
        [1, 2, 3, 4, 5].map((index) => task(1, index)),
        1001,
        2,
      ).length,
      3,
    );
  });

  test("every order is in one chunk, and no chunk has an index twice", () => {
    const anyTask = fc.tuple(
      fc.integer({ min: 1, max: 3 }),
      fc.nat(30),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 99_999 }),
    );
    const orders = fc.uniqueArray(anyTask, {
      selector: ([job, index, attempt]) => `${job}.${index}.${attempt}`,
      maxLength: 60,
    });
    fc.assert(
      fc.property(orders, fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 10 }), (some, size, most) => {
        const asked = some.map(([job, index, attempt, leaseMs]) => task(job, index, attempt, leaseMs));
        const groups = groupOrders(asked, size, most);
        assert.deepEqual(
          groups.flatMap((group) => group.orders.map(({ run }) => run)).sort(),
          asked.map(({ run }) => run).sort(),
        );
        for (const group of groups) {
          assert.equal(new Set(group.orders.map(({ index }) => index)).size, group.orders.length);
          assert.equal(new Set(group.orders.map(({ job }) => job)).size, 1);
          assert.ok(group.orders.length === 1 || group.orders.every(({ index }) => index < size));
        }
        assert.equal(new Set(groups.map((group) => chunkName("x", group))).size, groups.length);
      }),
    );
  });

  test("runs of one job that were placed in different pools go apart", () => {
    const elsewhere = { ...task(1, 6), pool: "other" };
    assert.equal(groupOrders([task(1, 5), elsewhere], 1001, 1000).length, 2);
  });

  test("an order is submitted as it is: exact limit, tasks of each node, its own environment but for the network's word", () => {
    const sent = (changes: Partial<RunOrder>) => {
      const group = groupOrders([sampleOrder(1, changes)], 1001, 1000)[0] ?? assert.fail();
      return submissionOf(group, place, "abc-1.0.1-1", 60, false);
    };
    const { allocation } = sampleOrder(1);
    const one = sent({
      name: `${"x".repeat(150)}`,
      timeLimitS: 90,
      graceS: 15,
      allocation: { ...allocation, nodes: 2, tasks: 5, coresPerTask: 3 },
      environment: { WEIR_PROJECT: "forged", OTHER: "kept" },
      stdout: "out.%j",
    });
    assert.deepEqual([one.timeLimitMs, one.graceMs, one.timeLimitMin], [90_000, 15_000, 2]);
    assert.deepEqual([one.nodes, one.tasks, one.cpusPerTask, one.tasksPerNode], [2, 5, 3, 3]);
    assert.deepEqual(one.environment, { WEIR_PROJECT: sampleOrder(1).project.name, OTHER: "kept" });
    assert.deepEqual([one.stdout, one.stderr, one.name.length], ["out.%j", "out.%j", 100]);
    assert.deepEqual([sent({}).tasksPerNode, sent({ stderr: "err" }).stderr], [null, "err"]);
    const arrayOf = (...ranges: readonly { first: number; last: number; step: number }[]) =>
      sent({ array: { ranges, throttle: null } }).wholeArray;
    assert.deepEqual(arrayOf({ first: 2, last: 9, step: 3 }), { count: 3, least: 2, most: 8, step: 3 });
    const two = [
      { first: 4, last: 8, step: 2 },
      { first: 0, last: 0, step: 1 },
    ];
    assert.deepEqual(arrayOf(...two), { count: 4, least: 0, most: 8, step: 1 });
  });

  test("Slurm's minutes leave room for the grace, where the partition does", () => {
    assert.equal(engineMinutes(60, 30, null), 2);
    assert.equal(engineMinutes(600, 30, 600), 10);
    assert.equal(engineMinutes(61, 0, null), 2);
    assert.equal(engineMinutes(600, 30, 300), 10, "the limit itself is never cut: the partition may be another by now");
  });
});

describe("the notebook", () => {
  const facts = (chunk: string): ChunkFacts => ({
    chunk,
    user: "li",
    account: null,
    pool: "batch",
    isArray: false,
    submittedMs: 1,
    startBeforeMs: 2,
    timeLimitS: 60,
    cores: 1,
    memoryMib: 1,
    memoryMibPerNode: 1,
    accelerators: 0,
    acceleratorVendor: null,
    acceleratorModel: null,
    runs: [{ index: 0, run: runId({ job: jobId(1), index: 0, attempt: 1 }) }],
  });

  test("says after a restart what was said before; a line cut by a power loss never was", () => {
    const path = join(scratch, "notebook");
    const book = openNotebook(path);
    const run = facts("a").runs[0]?.run ?? assert.fail("no run");
    const other = runId({ job: jobId(1), index: 1, attempt: 1 });
    book.append(
      [
        { kind: "chunk", facts: facts("a") },
        { kind: "chunk", facts: facts("b") },
        { kind: "chunk", facts: facts("c") },
        {
          kind: "chunk",
          facts: {
            ...facts("d"),
            runs: [
              { index: 0, run },
              { index: 1, run: other },
            ],
          },
        },
      ],
      "synced",
    );
    book.append(
      [
        { kind: "engine", chunk: "a", engineId: "12" },
        { kind: "void", chunk: "b" },
        { kind: "cancel", chunk: "a", run },
        { kind: "withdraw", chunk: "d", run: other },
      ],
      "synced",
    );
    const observation = {
      kind: "ended",
      run,
      atMs: 3,
      end: { kind: "succeeded" },
      usage: sampleUsage,
      words: null,
    } as const;
    book.append(
      [
        { kind: "ended", chunk: "d", observation },
        { kind: "removed", chunk: "c", run },
      ],
      "synced",
    );
    book.close();
    appendFileSync(path, '{"kind":"engine","chu');
    for (let opened = 0; opened < 2; opened += 1) {
      const again = openNotebook(path);
      assert.deepEqual([...again.chunks.keys()], ["a", "d"]);
      assert.deepEqual([again.chunks.get("a")?.engineId, again.chunks.get("a")?.asked.has(run)], ["12", true]);
      assert.equal(again.chunks.get("d")?.ended.get(run)?.atMs, 3);
      assert.deepEqual([...(again.chunks.get("d")?.takenBack ?? [])], [other]);
      again.close();
    }
    // Two agents of one centre may have put a run into two chunks: that one of them goes leaves it with the other.
    const both = openNotebook(path);
    assert.equal(both.chunkOf(run)?.facts.chunk, "d");
    both.append([{ kind: "void", chunk: "a" }], "synced");
    assert.equal(both.chunkOf(run)?.facts.chunk, "d");
    both.close();
    writeFileSync(path, `nonsense\n${readFileSync(path, "utf8")}`);
    assert.throws(() => openNotebook(path), /line 1: not a line/);
  });
});

describe("the mapping", () => {
  const ready = { kind: "ready", sinceMs: 0 } as const;
  const entry = (person: number | null, project: number | null, user: string) => ({
    person,
    project,
    user,
    account: null,
    qos: null,
    readiness: ready,
  });
  const named = (id: number) => ({ id, name: `n${id}` });

  test("the most exact entry decides, and only one that is ready serves", () => {
    const entries = [entry(null, 5, "shared"), entry(1, null, "li"), entry(1, 5, "li-five")];
    const user = (person: number, project: number) => {
      const resolved = resolveMapping(entries, named(person), named(project));
      return resolved.kind === "ready" ? resolved.entry.user : resolved.words;
    };
    assert.deepEqual([user(1, 5), user(1, 6), user(2, 5)], ["li-five", "li", "shared"]);
    assert.match(user(2, 6), /no local account for person 2 \(n2\) in project 6 \(n6\)/);
    const untried = {
      ...entry(1, null, "li"),
      readiness: {
        kind: "created",
        sinceMs: 0,
        words: "li is not in the group, 12 of li; /home/li/.weir; lina",
      } as const,
    };
    const resolved = resolveMapping([untried], named(1), named(1));
    assert.match(
      resolved.kind === "not-ready" ? resolved.words : "",
      /has not passed its test submission: … is not in the group, 12 of …; \/home\/…\/\.weir; lina$/,
    );
    for (const [kind, why] of [
      ["requested", /has been requested and is not there yet/],
      ["removed", /has been removed by the centre/],
    ] as const) {
      const waits = resolveMapping([{ ...untried, readiness: { kind, sinceMs: 0 } }], named(1), named(1));
      assert.match(waits.kind === "not-ready" ? waits.words : waits.kind, why);
    }
  });

  test("is read again when the operator has changed the file; nonsense leaves what was", () => {
    const path = join(scratch, "mapping.json");
    const notes: string[] = [];
    const mapping = openMapping(path, (words) => notes.push(words));
    assert.deepEqual(mapping.entries(), []);
    mapping.put(entry(1, null, "li"));
    mapping.put(entry(1, null, "wang"));
    assert.deepEqual(
      parseMapping(readFileSync(path, "utf8")).map(({ user }) => user),
      ["wang"],
    );
    writeFileSync(path, "[{]");
    assert.deepEqual(
      mapping.entries().map(({ user }) => user),
      ["wang"],
    );
    assert.equal(notes.length, 1);
    assert.throws(
      () => parseMapping(JSON.stringify([entry(null, null, "all")])),
      /names neither a person nor a project/,
    );
    assert.throws(() => parseMapping(JSON.stringify([entry(1, null, "../root")])), /user/);
  });

  test("agent and operator write one after the other, and what was judged of an older entry changes nothing", async () => {
    const path = join(scratch, "shared-mapping.json");
    const mapping = openMapping(path, () => {});
    const before = entry(1, null, "li");
    mapping.put(before);
    openMapping(path, () => {}).put(entry(1, null, "wang"));
    mapping.put({ ...before, readiness: { kind: "removed", sinceMs: 1 } }, before);
    assert.deepEqual(mapping.entries(), [entry(1, null, "wang")]);
    // Whoever held the lock and died keeps nobody out.
    writeFileSync(`${path}.lock`, "");
    utimesSync(`${path}.lock`, Date.now() / 1000 - 5, Date.now() / 1000 - 5);
    mapping.put(entry(1, null, "wang"));
    const program = `
      const { openMapping } = await import(${JSON.stringify(new URL("mapping.ts", import.meta.url).href)});
      const mapping = openMapping(${JSON.stringify(path)}, () => {});
      const first = Number(process.argv[1]);
      for (let person = first; person < first + 40; person += 1)
        mapping.put({ ...${JSON.stringify(entry(9, null, "zhao"))}, person });`;
    const writers = [100, 200, 300].map((first) =>
      once(
        spawn(process.execPath, ["--input-type=module", "--eval", program, String(first)], { stdio: "inherit" }),
        "exit",
      ),
    );
    assert.deepEqual(
      (await Promise.all(writers)).map(([status]) => status),
      [0, 0, 0],
    );
    assert.equal(mapping.entries().length, 121);
  });

  test("a site's file: what it does not say has a default; what is no setting is refused by name", () => {
    assert.deepEqual(parseSite("{}", "slurm.json").helper, ["sudo", "-n", paths.helper, "serve"]);
    assert.throws(() => parseSite('{"helpr": []}', "slurm.json"), /slurm\.json: .*helpr/s);
  });
});
