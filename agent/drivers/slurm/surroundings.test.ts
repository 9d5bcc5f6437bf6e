import assert from "node:assert/strict";
import { test } from "node:test";
import { mechanismText } from "#core/centre/mechanisms.ts";
import { commandsEngine, frameOf } from "./commands.ts";
import { engineText } from "./configuration.ts";
import { loadFindings } from "./doctor.ts";
import { parseSite } from "./site.ts";
import { stoppedWords } from "./submit-words.ts";
import { poolsSeen, surroundings, unheardWords } from "./surroundings.ts";
import type { WeirAs } from "./weir-as.ts";

/** What is told of the load where PrivateData hides jobs and weir-as answers so. */
async function toldOf(fields: Record<string, string>) {
  const notes: unknown[] = [];
  const ask = async (verb: string) => frameOf(Object.entries(verb === "hello" ? { ok: "1", stopped: "0" } : fields));
  const helper = { ask } as unknown as WeirAs;
  const engine = commandsEngine(helper);
  const shown = "PrivateData = jobs\nSLURM_VERSION = 22.05.8\n";
  const commands = async (_: string, words: readonly string[]) => (words.includes("config") ? shown : "");
  const clocks = { nowMs: () => 0, monotonicMs: () => 0 };
  const { hidden } = await surroundings(commands, engine, clocks, {}, (_, facts) => notes.push(facts)).look();
  return { hidden, notes, found: await loadFindings(engine) };
}

test("why the work of others is not seen: the policy does not allow it, or the listing fails, which the doctor names", async () => {
  const words = "the policy does not allow a listing of the load";
  const forbidden = await toldOf({ ok: "0", error: "refused", rule: "load", words });
  assert.match(forbidden.hidden ?? "", /policy allows no listing of the load$/);
  assert.deepEqual([forbidden.notes, forbidden.found], [[], []]);
  for (const [error, why] of [
    ["refused", "it would be run as root: /usr/bin/squeue can be written by others"],
    ["engine", "squeue: slurm_load_jobs error: Unable to contact slurm controller"],
  ] as const) {
    const { hidden, notes, found } = await toldOf({ ok: "0", error, rule: "load", words: why });
    assert.match(hidden ?? "", /the listing of the load fails: weir-agent doctor says why$/);
    assert.ok(JSON.stringify(notes).includes(why));
    assert.deepEqual([found[0]?.name, found[0]?.verdict, found[0]?.words.endsWith(why)], ["load", "wrong", true]);
    assert.doesNotMatch(mechanismText("load", hidden ?? "", "zh"), /hides the work/);
  }
});

test("a site whose policy is not in force takes nothing new, and says so until it is", async () => {
  const broken = { ok: "0", error: "failed", words: "/etc/weir/policy, line 3: there is no such word" };
  const well = { ok: "1", version: "3", stopped: "0", allowsPartition: "batch", minUid: "1000", tokens: "0" };
  let answer: Record<string, string> = well;
  const helper = { ask: async () => frameOf(Object.entries(answer)) } as unknown as WeirAs;
  const texts: Record<string, string> = {
    config: "SLURM_VERSION = 22.05.8\n",
    partition: "PartitionName=batch Nodes=n1 State=UP MaxTime=UNLIMITED\n",
    node: "NodeName=n1 CPUTot=4 RealMemory=1000 State=IDLE\n",
  };
  const commands = async (_: string, words: readonly string[]) => texts[words.at(-1) ?? ""] ?? "";
  let atMs = 0;
  const clocks = { nowMs: () => atMs, monotonicMs: () => atMs };
  const notes: object[] = [];
  const around = surroundings(commands, commandsEngine(helper), clocks, {}, (_, facts) => notes.push(facts));
  const states = async () => {
    const look = await around.look();
    atMs += 10_001;
    return [
      look.closed,
      look.allows?.partition,
      poolsSeen(look, parseSite("{}", "slurm.json"), new Map()).map(({ state }) => state),
    ];
  };
  assert.deepEqual(await states(), [null, ["batch"], ["up"]]);
  answer = broken;
  assert.deepEqual(await states(), [unheardWords, ["batch"], ["drained"]], "what it allowed is still known");
  assert.match(JSON.stringify(notes), /line 3/);
  assert.doesNotMatch(unheardWords, /etc/, "the site's own words stay there");
  assert.doesNotMatch(mechanismText("trouble", unheardWords, "zh"), /policy/);
  answer = { ...well, stopped: "1" };
  assert.deepEqual((await states()).slice(0, 1), [stoppedWords]);
  answer = well;
  assert.deepEqual(await states(), [null, ["batch"], ["up"]]);
});

test("a Slurm that is not among the tested versions is named so on the centre's page too", () => {
  const text = (version: string) => engineText({ version, clusterName: "jinan" });
  assert.equal(text("22.05.8"), "Slurm 22.05.8, cluster jinan");
  assert.equal(text("24.11.1"), "Slurm 24.11.1, cluster jinan, not among the tested versions (22.05)");
  assert.equal(
    mechanismText("engine", text("24.11.1"), "zh"),
    "Slurm 24.11.1，集群 jinan，不在已测试的版本（22.05）之列",
  );
});
