import { setTimeout as delay } from "node:timers/promises";
import type { Driver } from "#agent/driver.ts";
import type { CheckName } from "#core/centre/connection-test.ts";
import type { RunId } from "#core/ids.ts";
import type { RunOrder } from "#core/run-order.ts";
import {
  type Judged,
  judgeClock,
  judgeDevices,
  judgeEnd,
  judgeEnvironment,
  judgeKind,
  judgeNodes,
  judgeRate,
  judgeStream,
  judgeWall,
  passedIf,
  together,
} from "./judge.ts";
import type { ContractOffer } from "./offer.ts";
import type { Probe } from "./probe.ts";
import { oneCore, type TrialOrders } from "./trial.ts";

/**
 * The checks that need nothing but a free core, each driving the engine as the agent does. The scripts are for sh; the
 * line `#WEIR-SIM` tells a simulated engine what they would do.
 */
export type Check = {
  readonly check: CheckName;
  readonly asked: string;
  readonly drive: (stage: Stage) => Promise<Judged>;
};
export type Stage = {
  readonly probe: Probe;
  readonly order: TrialOrders;
  readonly offer: ContractOffer;
  /** How long a run over the whole pool may keep others from starting; absent: a moment, as at a centre with users. */
  readonly heldBackMs?: number | undefined;
};

/** No listing of a cluster comes sooner after another (P6). Accounting hears of a job a moment after the queue. */
const listAgainMs = 10_000;

/** What the engine itself has of it, whatever a site's plugins made of its name and comment. */
async function judgeTag(
  probe: Probe,
  run: RunId,
  first: Awaited<ReturnType<NonNullable<Driver["byTag"]>>>,
): Promise<readonly Judged[]> {
  let { accounting } = first;
  for (let turn = 0; accounting === false && turn < 2; turn++) {
    await delay(listAgainMs);
    accounting = (await probe.driver.byTag?.(run))?.accounting ?? null;
  }
  const isThere = (found: boolean) => (found ? "there" : "not there");
  return [
    passedIf(first.queue, `its tag in the engine's queue: ${isThere(first.queue)}`),
    ...(accounting === null
      ? []
      : [passedIf(accounting, `its tag in the engine's accounting: ${isThere(accounting)}`)]),
  ];
}

const notOffered = (seen: string): Judged => ({ verdict: "not-offered", seen });

export const plainChecks: readonly Check[] = [
  {
    check: "submit",
    asked: "one core for a script that succeeds",
    async drive({ probe, order }) {
      const run = await probe.begin(order("#WEIR-SIM run=100ms\nexit 0"));
      const startedMs = await run.started();
      const ended = await run.ended();
      return together([judgeEnd(ended, { kind: "succeeded" }), passedIf(startedMs > 0, "its start was told")]);
    },
  },
  {
    check: "tag",
    asked: "to find one run by its tag while it runs, after its end, and one that never was",
    async drive({ probe, order }) {
      const look = async (lastsS: number) => {
        const run = await probe.begin(order(`#WEIR-SIM run=${lastsS * 1000}ms exit=4\nsleep ${lastsS}; exit 4`));
        await run.started();
        const running = await probe.driver.find([run.run]);
        const tagged = running[0]?.state === "running" ? await probe.driver.byTag?.(run.run) : undefined;
        await run.ended();
        return { run, running, tagged, isOver: running[0]?.state === "ended" };
      };
      const { run, running, tagged } = await whileItRuns([0.6, 5, 30], look);
      const ended = await probe.driver.find([run.run]);
      const unknown = await probe.driver.find([order("").run]);
      const [one] = ended;
      const end = one?.state === "ended" && one.observation.kind === "ended" ? one.observation : null;
      return together([
        passedIf(
          running.length === 1 && running[0]?.state === "running",
          `while it ran: ${running[0]?.state ?? "nothing"}`,
        ),
        end
          ? judgeEnd(end, { kind: "failed", exitCode: 4 })
          : passedIf(false, `after its end: ${one?.state ?? "nothing"}`),
        passedIf(unknown.length === 0, `of one that never was: ${unknown[0]?.state ?? "nothing"}`),
        ...(tagged ? await judgeTag(probe, run.run, tagged) : []),
      ]);
    },
  },
  {
    check: "exit-code",
    asked: "scripts that exit with 3 and with 137",
    async drive({ probe, order }) {
      const codes = await Promise.all(
        [3, 137].map(async (code) => {
          const run = await probe.begin(order(`#WEIR-SIM run=10ms exit=${code}\nexit ${code}`));
          return judgeEnd(await run.ended(), { kind: "failed", exitCode: code });
        }),
      );
      return together(codes);
    },
  },
  {
    check: "signal",
    asked: "a script that kills itself with signal 9",
    async drive({ probe, order }) {
      const run = await probe.begin(order("#WEIR-SIM run=10ms signal=9\nkill -9 $$"));
      return judgeEnd(await run.ended(), { kind: "signalled", signal: 9 });
    },
  },
  {
    check: "cancel-running",
    asked: "to cancel a run of a minute that has started",
    async drive({ probe, order }) {
      const run = await probe.begin(order("#WEIR-SIM run=1m\nsleep 60"));
      await run.started();
      const answer = await probe.driver.cancel(run.run);
      const ended = await run.ended();
      const again = await probe.driver.cancel(run.run);
      return together([
        passedIf(answer === "cancelling", `the engine said ${answer}`),
        judgeKind(ended, "cancelled"),
        judgeWall(ended.usage, 0, 30_000),
        passedIf(again === "already-ended", `a second time: ${again}`),
      ]);
    },
  },
  {
    check: "time-limit",
    asked: "a limit of 2 s for a script of a minute, with 1 s of grace",
    async drive({ probe, order }) {
      const run = await probe.begin(order("#WEIR-SIM run=1m\nsleep 60", { timeLimitS: 2, graceS: 1 }));
      const ended = await run.ended();
      return together([judgeKind(ended, "timed-out"), judgeWall(ended.usage, 1_950, 20_000)]);
    },
  },
  {
    check: "second-start",
    asked: "the same run twice at once, and again after its end",
    async drive({ probe, order }) {
      const asked = order("#WEIR-SIM run=300ms\necho once; sleep 0.3");
      const both = await Promise.all([probe.start(asked), probe.start(asked)]);
      const run = probe.follow(asked.run);
      const ended = await run.ended();
      const after = await probe.start(asked);
      // The same place in the queue told twice is one start.
      const taken = new Set(
        both.flatMap((answer, at): string[] => {
          if (answer.kind === "queued") return [answer.engineId];
          return answer.kind === "started" ? [`start ${at}`] : [];
        }),
      ).size;
      const starts = run.heard.filter(({ observation }) => observation.kind === "started").length;
      const log = await probe.log(asked.run);
      const told = [...both.map(({ kind }) => kind), `then ${after.kind}`].join(", ");
      return together([
        passedIf(taken <= 1 && after.kind === "already-there", told),
        judgeEnd(ended, { kind: "succeeded" }),
        passedIf(starts <= 1, starts === 1 ? "1 start was told" : `${starts} starts were told`),
        passedIf(ended.end.kind !== "duplicate" && count(log?.text ?? "", "once\n") <= 1, "its output is there once"),
      ]);
    },
  },
  {
    check: "wrapper-record",
    asked: "start, end and use of a run of one second",
    async drive({ probe, order }) {
      const run = await probe.begin(order("#WEIR-SIM run=1s\nsleep 1"));
      const ended = await run.ended();
      const spanMs = ended.usage.startedMs === null ? -1 : ended.atMs - ended.usage.startedMs;
      return together([
        judgeEnd(ended, { kind: "succeeded" }),
        judgeWall(ended.usage, 950, 20_000),
        passedIf(spanMs >= 0 && spanMs < 20_000, `from start to end ${spanMs} ms`),
      ]);
    },
  },
  {
    check: "clock-skew",
    asked: "when a run started and ended, by the engine's clock",
    async drive({ probe, order }) {
      const askedMs = Date.now();
      const run = await probe.begin(order("#WEIR-SIM run=50ms\nexit 0"));
      const startedMs = await run.started();
      const ended = await run.ended();
      const heardMs = Date.now();
      return together([
        judgeClock(startedMs, askedMs, heardMs, mostSkewMs),
        judgeClock(ended.atMs, askedMs, heardMs, mostSkewMs),
      ]);
    },
  },
  {
    check: "log-streaming",
    asked: "the log of a run while it writes, and after its end",
    async drive({ probe, order }) {
      const look = async (lastsS: number) => {
        const script = `#WEIR-SIM run=${lastsS * 500}ms\necho first; echo aside >&2; sleep ${lastsS}; echo second`;
        const run = await probe.begin(order(script));
        await run.started();
        let during: string | null = null;
        while (!during && !run.heard.some(({ observation }) => observation.kind === "ended")) {
          during = (await probe.log(run.run))?.text ?? null;
          if (!during) await delay(50);
        }
        await run.ended();
        return { run, during, isOver: !during };
      };
      const { run, during } = await whileItRuns([3, 15], look);
      const after = await finalLog(probe, run.run);
      const tail = await probe.driver.readLog(run.run, "stdout", -7, 100);
      const end = tail.kind === "bytes" ? Buffer.from(tail.bytes).toString() : null;
      return together([
        judgeStream(during, after),
        passedIf(
          end !== null && (after?.text.endsWith(end) ?? false) && end.length === 7,
          `its last 7 bytes: ${JSON.stringify(end)}`,
        ),
      ]);
    },
  },
  {
    check: "environment",
    asked: "what a job finds in its environment: its own, SLURM_* and WEIR_*, nothing of the agent's",
    async drive({ probe, order, offer }) {
      if (!offer.executes) return notOffered("nothing is executed here");
      const asked = order("env", { environment: { WEIR_CHECK: "a b" } });
      const run = await probe.begin(asked);
      await run.ended();
      return judgeEnvironment((await finalLog(probe, run.run))?.text ?? "", asked);
    },
  },
  {
    check: "array",
    asked: "tasks 2, 5 and 8 of an array, each to exit with its own index",
    async drive({ probe, order, offer }) {
      const script = `#WEIR-SIM run=50ms exit=index\n${arrayScript}`;
      const array = { ranges: [{ first: 2, last: 8, step: 3 }], throttle: null };
      const first = order(script);
      const tasks = [2, 5, 8].map((index, at) =>
        order(script, { job: first.job, taskJob: first.job + 100 + at, index, array }),
      );
      const runs = await Promise.all(tasks.map((task) => probe.begin(task)));
      const ends = await Promise.all(runs.map((run) => run.ended()));
      const judged = ends.map((ended, at) => judgeEnd(ended, { kind: "failed", exitCode: [2, 5, 8][at] ?? 0 }));
      if (!offer.executes) return together(judged);
      const logs = await Promise.all(runs.map((run) => finalLog(probe, run.run)));
      const seen = logs.map((log) => log?.text.trim() ?? "nothing");
      return together([
        ...judged,
        passedIf(
          seen.every((text) => text === "3 2 8 3"),
          `COUNT MIN MAX STEP: ${seen.join(", ")}`,
        ),
      ]);
    },
  },
  {
    check: "out-of-memory",
    asked: "64 MiB for a script that takes 256 MiB",
    async drive({ probe, order }) {
      const allocation = { ...oneCore, memoryMibPerNode: 64 };
      const run = await probe.begin(order(`#WEIR-SIM run=100ms memory=256\n${greedyScript}`, { allocation }));
      return judgeKind(await run.ended(), "out-of-memory");
    },
  },
  {
    check: "accelerator",
    asked: "one accelerator",
    async drive({ probe, order, offer }) {
      if (!offer.accelerator) return notOffered("no pool that is up has any");
      const { pool, vendor, model } = offer.accelerator;
      const allocation = { ...oneCore, acceleratorsPerNode: 1, acceleratorVendor: vendor, acceleratorModel: model };
      const run = await probe.begin(order(`#WEIR-SIM run=50ms\n${deviceScript}`, { pool, allocation }));
      const ended = await run.ended();
      const printed = offer.executes ? ((await finalLog(probe, run.run))?.text ?? "") : null;
      return together([judgeEnd(ended, { kind: "succeeded" }), judgeDevices(printed, `${vendor} ${model}`)]);
    },
  },
  {
    check: "multi-node",
    asked: "two nodes",
    async drive({ probe, order, offer }) {
      if (!offer.multiNode) return notOffered("no pool has two nodes that are up");
      const allocation = { ...oneCore, nodes: 2, tasks: 2 };
      const run = await probe.begin(
        order(`#WEIR-SIM run=50ms\n${twoNodesScript}`, { pool: offer.multiNode.pool, allocation }),
      );
      const ended = judgeEnd(await run.ended(), { kind: "succeeded" });
      if (!offer.executes) return ended;
      return together([ended, judgeNodes((await finalLog(probe, run.run))?.text ?? "", 2)]);
    },
  },
];

/** Not those with an underscore more, which say how devices were asked for and not which are given. */
const deviceScript =
  "env | grep -E '^(SLURM_JOB_GPUS|SLURM_STEP_GPUS|GPU_DEVICE_ORDINAL|(CUDA|ROCR|HIP|ASCEND_RT)_VISIBLE_DEVICES)=' || true";
/** A step with a task on each node says where it is. */
const twoNodesScript = `srun --nodes=2 --ntasks=2 sh -c 'echo "node $SLURMD_NODENAME"'`;

/** Alone, so that nothing else takes its time. */
export const throughputCheck: Check = {
  check: "throughput",
  asked: "20 runs at once, and how fast they are taken",
  async drive({ probe, order }) {
    const beganMs = performance.now();
    const runs = await Promise.all(Array.from({ length: 20 }, () => probe.begin(order("#WEIR-SIM run=1ms\nexit 0"))));
    const judged = judgeRate(runs.length, performance.now() - beganMs, 2);
    const ends = await Promise.all(runs.map((run) => run.ended()));
    const good = ends.filter(({ end }) => end.kind === "succeeded").length;
    return together([judged, passedIf(good === runs.length, `${good} of ${runs.length} succeeded`)]);
  },
};

/** Doubles a text to 2^28 bytes and holds it. */
const greedyScript = `awk 'BEGIN { s = "x"; for (i = 0; i < 28; i++) s = s s; system("sleep 20"); print length(s) }'`;
const arrayScript =
  'echo "$SLURM_ARRAY_TASK_COUNT $SLURM_ARRAY_TASK_MIN $SLURM_ARRAY_TASK_MAX $SLURM_ARRAY_TASK_STEP"\nexit "$SLURM_ARRAY_TASK_ID"';

/** The clocks of one centre. */
const mostSkewMs = 2_000;

/**
 * Looks at a run while it runs; where it was over before anybody could look, at one that lasts longer: a centre that is
 * slow for a while has not failed. `lasts`: for how long, in seconds.
 */
export async function whileItRuns<Seen extends { readonly isOver: boolean }>(
  lasts: readonly [number, ...number[]],
  look: (lastsS: number) => Promise<Seen>,
): Promise<Seen> {
  const [first, ...longer] = lasts;
  let seen = await look(first);
  for (const lastsS of longer) if (seen.isOver) seen = await look(lastsS);
  return seen;
}

/** What is written at the very end may come a moment after the end itself. */
export async function finalLog(
  probe: Probe,
  run: RunOrder["run"],
): Promise<{ readonly text: string; readonly final: boolean } | null> {
  for (let turn = 0; turn < 100; turn++) {
    const log = await probe.log(run);
    if (log?.final) return log;
    await delay(100);
  }
  return probe.log(run);
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
