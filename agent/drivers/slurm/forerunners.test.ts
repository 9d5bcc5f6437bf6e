import assert from "node:assert/strict";
import { test } from "node:test";
import { type Engine, EngineSilent, type KnownChunk, type Listing, PolicyRefusal } from "./engine.ts";
import { forerunners, unseenOf } from "./forerunners.ts";
import type { JobWord } from "./job-word.ts";
import type { NetworkMark } from "./network-mark.ts";

// What an earlier agent of the centre submitted is taken up by the user's folder of runs, and by the tag (R3).

const known = (chunk: string, runs: readonly string[], changes: Partial<KnownChunk> = {}): KnownChunk => ({
  ...{
    chunk,
    engineId: "7",
    submittedMs: 5,
    startBeforeMs: 9,
    timeLimitMs: 61_500,
    nodes: 2,
    tasks: 6,
    cpusPerTask: 4,
  },
  ...{ memMibPerNode: 100, gres: "npu:ascend910b:4", partition: "batch", account: "lab", qos: null, reservation: null },
  ...{ isArray: runs.length > 1, runs: runs.map((run, index) => ({ index, run })) },
  ...changes,
});

async function look(
  chunks: readonly KnownChunk[] | Error,
  wanted: readonly string[],
  listing: Partial<Listing> | null = null,
) {
  const listed: unknown[] = [];
  const engine = {
    chunks: async () => {
      if (chunks instanceof Error) throw chunks;
      return chunks;
    },
    list: async (...asked: unknown[]) => {
      listed.push(asked);
      return { queue: [], accounting: [], isPartial: false, ...listing };
    },
  } as unknown as Engine;
  const network = { mark: () => "abcdefgh" } as NetworkMark;
  const site = { devices: {}, pools: {} };
  const all = { engine, network, user: "li", site, wanted: new Set(wanted), nowMs: 10 ** 12, note: () => {} };
  return { ...(await forerunners(all)), listed };
}

test("of folders of this network those with a run that is wanted, as far as they are of the job they are named after", async () => {
  const found = await look(
    [
      known("abcdefgh-1.0.1-2", ["1.0.1", "2.0.1"]),
      known("abcdefgh-3.0.1-1", ["3.0.1"]),
      known("othernet-1.0.1-1", ["1.0.1"]),
      known("abcdefgh-4.0.1-1", ["1.0.1"]),
    ],
    ["1.0.1", "2.0.1"],
  );
  assert.deepEqual(
    found.found.map(({ facts, engineId }) => [facts.chunk, engineId, facts.runs.map(({ run }) => run)]),
    [["abcdefgh-1.0.1-2", "7", ["1.0.1"]]],
  );
  assert.deepEqual([found.refused, found.listed], [null, []], "no listing where every folder has its number");
  const [{ facts } = assert.fail()] = found.found;
  assert.deepEqual(
    [facts.timeLimitS, facts.cores, facts.memoryMib, facts.accelerators, facts.acceleratorModel, facts.pool],
    [62, 24, 200, 8, "ascend910b", "batch"],
  );
});

test("a folder without a number is looked for by its tag, far back; what is not seen by a stranger may be there", async () => {
  const lost = known("abcdefgh-1.0.1-1", ["1.0.1"], { engineId: null, submittedMs: null });
  const word = (jobId: number, tag: string, arrayJob: number | null = null) =>
    ({ jobId, arrayJob, name: `x.weir-${tag}`, comment: null }) as JobWord;
  const gone = await look([lost], ["1.0.1"]);
  assert.deepEqual([gone.found[0]?.engineId, gone.listed], [null, [["li", "abcdefgh-", 40 * 86_400]]]);
  assert.equal(gone.found[0]?.facts.submittedMs, 10 ** 12 - 40 * 86_400_000);
  const queue = [word(13, "abcdefgh-1.0.1-11"), word(12, "abcdefgh-1.0.1-1", 11)];
  assert.equal((await look([lost], ["1.0.1"], { queue })).found[0]?.engineId, "11");
  const accounting = [word(9, "abcdefgh-1.0.1-1")];
  assert.equal((await look([lost], ["1.0.1"], { accounting })).found[0]?.engineId, "9");
  await assert.rejects(look([lost], ["1.0.1"], { isPartial: true }), EngineSilent);
});

test("who may not be looked for is said, and no answer is none", async () => {
  const refused = await look(new PolicyRefusal("no", "group"), ["1.0.1"]);
  assert.deepEqual([refused.found, refused.refused], [[], "group"]);
  await assert.rejects(look(new EngineSilent("timed out"), ["1.0.1"]), EngineSilent);
});

test("whom the policy does not let in may have runs that nobody sees; root, in a mapping by a slip, never had one", () => {
  const look = (user: string, refused: string | null) => ({ user, refused });
  assert.equal(unseenOf([look("li", null), look("root", "root")]), null);
  assert.equal(unseenOf([look("root", "root"), look("wang", "group")])?.user, "wang");
});
