import { rmSync } from "node:fs";
import { join } from "node:path";
import { readHolder } from "#local/lock.ts";
import { haveEnded, processIdentity, signal } from "#local/process.ts";
import { type Instance, run } from "#local/stand-ins/stage.ts";
import { makeHome, processesOf, repository } from "../test/network.ts";
import { figure } from "./figures.ts";

/**
 * From the call of `npm start` until it has printed its address, in a home that was started before: after a clean stop,
 * and at once after a SIGKILL of every process, before their ends are waited for.
 */
export async function start(rounds: number): Promise<void> {
  const home = makeHome();
  const afterStop: number[] = [];
  const afterKill: number[] = [];
  try {
    // Makes the home, and builds what is stale.
    let { npm } = await npmStart(home);
    for (let round = 0; round < rounds; round += 1) {
      await stop(home, npm);
      const second = await npmStart(home);
      afterStop.push(second.seconds);
      killAll(home);
      const third = await npmStart(home);
      afterKill.push(third.seconds);
      if (/building|installing/.test(second.npm.said() + third.npm.said()))
        throw new Error("a source was changed while the starts were measured");
      npm = third.npm;
    }
    await stop(home, npm);
  } finally {
    killAll(home);
    rmSync(home, { recursive: true, force: true });
  }
  figure("second start after a clean stop, npm start → its address", "s", "< 3", afterStop);
  figure("start after SIGKILL of all of it, npm start → its address", "s", "< 6", afterKill);
}

async function npmStart(home: string): Promise<{ readonly npm: Instance; readonly seconds: number }> {
  const startedMs = performance.now();
  const npm = run(["npm", "start"], repository, { ...process.env, WEIR_HOME: home, WEIR_PORT: "0" });
  await npm.says(/Weir is running at http/);
  return { npm, seconds: (performance.now() - startedMs) / 1000 };
}

async function stop(home: string, npm: Instance): Promise<void> {
  const all = processesOfInstance(home);
  npm.child.kill("SIGTERM");
  await npm.ended;
  if (!(await haveEnded(all, 60_000))) throw new Error("it did not stop within a minute");
}

function killAll(home: string): void {
  for (const one of processesOfInstance(home)) signal(one, "SIGKILL");
}

/** By the home's name and by the lock: a program that runs as another user may have an environment of its own. */
function processesOfInstance(home: string) {
  const holder = readHolder(join(home, "lock"));
  const named = processesOf(home).flatMap((pid) => processIdentity(pid) ?? []);
  const held = (holder?.programs ?? []).filter(({ pid }) => !named.some((one) => one.pid === pid));
  return [...named, ...held.filter((one) => processIdentity(one.pid)?.startTicks === one.startTicks)];
}
