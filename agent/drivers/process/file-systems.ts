import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { EngineOffers } from "#core/centre/engine.ts";
import { isEverywhere } from "#core/job/demands.ts";

/**
 * The folders at the top of this machine that a job may mean, each a file system by its own path, so that an absolute path
 * leads here only where the machine has at least its beginning. The system's own are on every machine; what others may not
 * enter, or is empty and nobody else's to write to, holds nothing of a job's. Those that are there for a site's own data may
 * get some at any moment. What does not answer within `patienceMs`, as a mount whose server is gone, is left out.
 */
export async function fileSystemsHere(
  top = "/",
  look: (path: string, name: string) => Promise<boolean> = isForJobs,
  patienceMs = 1000,
): Promise<EngineOffers["fileSystems"]> {
  const names = (await readdir(top)).filter((name) => !isEverywhere(`/${name}`)).sort();
  const answers = await Promise.all(
    names.map((name) => inTime(join(top, name), patienceMs, (path) => look(path, name))),
  );
  return names
    .filter((_, at) => answers[at])
    .map((name) => ({ name, path: `/${name}`, shared: false, purgeDays: null }));
}

/** What is still being looked at: one that hangs is not asked again, since each question takes a thread as long as it hangs. */
const underWay = new Map<string, Promise<boolean>>();

async function inTime(path: string, patienceMs: number, look: (path: string) => Promise<boolean>): Promise<boolean> {
  const looking = underWay.get(path) ?? look(path).finally(() => underWay.delete(path));
  underWay.set(path, looking);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, patienceMs, false);
  });
  try {
    return await Promise.race([looking, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function isForJobs(path: string, name: string): Promise<boolean> {
  try {
    const facts = await stat(path);
    if (!facts.isDirectory() || (facts.mode & 0o001) === 0) return false;
    const mayBeEmpty = ["home", "mnt", "opt", "srv"].includes(name) || (facts.mode & 0o006) !== 0o004;
    return mayBeEmpty || (await readdir(path)).length > 0;
  } catch {
    // A link that leads nowhere, or what is gone by now.
    return false;
  }
}
