import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRoot, openSandbox, orderFor } from "./sandbox.ts";

// How many short runs a second the driver and the launcher manage, what one costs in CPU, and how soon one has started:
//   node agent/drivers/process/measure.ts [RUNS] [LANES] [LAUNCHER-OPTION...]
const [runs, lanes] = [Number(process.argv[2] ?? 300), Number(process.argv[3] ?? 16)];
// As in a real home: not below a folder that each run sees as its own.
const home = mkdtempSync(isRoot ? "/var/lib/weir-measure-" : join(tmpdir(), "weir-measure-"));
const sandbox = await openSandbox(process.argv.slice(4), { uids: lanes, home });
const order = () => orderFor("", { work: { kind: "command", argv: ["/bin/true"] } });

const alone: number[] = [];
for (let i = 0; i < 20; i++) {
  const begunMs = performance.now();
  const one = order();
  await sandbox.driver.start(one);
  alone.push(performance.now() - begunMs);
  await sandbox.ended(one.run);
}

const cpuBeforeMs = treeCpuMs();
const begunMs = performance.now();
let left = runs;
await Promise.all(
  Array.from({ length: lanes }, async () => {
    while (left-- > 0) {
      const one = order();
      while ((await sandbox.driver.start(one)).kind === "busy");
      await sandbox.ended(one.run);
    }
  }),
);
const elapsedS = (performance.now() - begunMs) / 1000;
const cpuMs = treeCpuMs() - cpuBeforeMs;

// The yardstick, on the same machine in the same minute: fork, exec and wait, from a Perl of the launcher's size.
const bare = `use POSIX (); for (1 .. 200) { my $pid = fork; exec "/bin/true" if !$pid; waitpid $pid, 0 } my @t = times; print 5 * ($t[0] + $t[1] + $t[2] + $t[3])`;
const bareCpuMs = Number(execFileSync("perl", ["-e", bare], { encoding: "utf8" }));
console.log(
  JSON.stringify({
    mode: isRoot ? "root" : "user",
    mechanisms: (await sandbox.driver.describe()).mechanisms,
    runsPerS: Math.round(runs / elapsedS),
    cpuMsPerRun: Math.round((cpuMs / runs) * 100) / 100,
    startMedianMs: alone.sort((a, b) => a - b)[10],
    bareCpuMsPerSpawn: bareCpuMs,
  }),
);
await sandbox.close();

/** CPU of the launcher, of its wrappers, and of all they have waited for: the jobs. */
function treeCpuMs(): number {
  const { pid } = sandbox.launcher();
  const wrappers = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  let ticks = 0;
  for (const one of [String(pid), ...wrappers]) {
    if (!existsSync(`/proc/${one}`)) continue;
    const stat = readFileSync(`/proc/${one}/stat`, "utf8");
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    for (const at of [11, 12, 13, 14]) ticks += fields[at] ?? 0;
  }
  return 10 * ticks;
}
