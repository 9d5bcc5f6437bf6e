import { existsSync, rmSync, writeFileSync } from "node:fs";
import { paths } from "#agent/install/texts.ts";
import type { Given } from "./given.ts";
import { say } from "./say.ts";

export async function stopNew(given: Given): Promise<number> {
  asRoot("stop-new", `touch ${paths.stop}`);
  if (!existsSync(paths.stop)) writeFileSync(paths.stop, "", { mode: 0o644 });
  given.print(say("stopIsThere", { path: paths.stop }));
  return 0;
}

export async function resumeNew(given: Given): Promise<number> {
  asRoot("resume-new", `rm ${paths.stop}`);
  rmSync(paths.stop, { force: true });
  given.print(say("stopIsGone", { path: paths.stop }));
  return 0;
}

/** The agent itself must not be able to: the switch is against it, too. */
function asRoot(word: string, same: string): void {
  if (process.getuid?.() === 0) return;
  throw new Error(say("onlyRoot", { word, same }));
}
