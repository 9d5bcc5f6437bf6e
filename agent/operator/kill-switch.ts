import { existsSync, rmSync, writeFileSync } from "node:fs";
import { paths } from "#agent/install/texts.ts";
import type { Given } from "./operate.ts";

export async function stopNew(given: Given): Promise<number> {
  asRoot("stop-new", `touch ${paths.stop}`);
  if (!existsSync(paths.stop)) writeFileSync(paths.stop, "", { mode: 0o644 });
  given.print(`${paths.stop} is there: nothing new starts. Running work goes on. Again on: weir-agent resume-new`);
  return 0;
}

export async function resumeNew(given: Given): Promise<number> {
  asRoot("resume-new", `rm ${paths.stop}`);
  rmSync(paths.stop, { force: true });
  given.print(`${paths.stop} is gone: new work may start`);
  return 0;
}

/** The agent itself must not be able to: the switch is against it, too. */
function asRoot(word: string, same: string): void {
  if (process.getuid?.() === 0) return;
  throw new Error(`only root may: sudo weir-agent ${word} (the same as ${same}, where the policy names no other file)`);
}
