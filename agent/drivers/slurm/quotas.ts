import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import * as z from "zod";
import type { AskedAccount } from "#agent/driver.ts";
import { runHook } from "./hooks.ts";
import { entryFor, type MappingEntry } from "./mapping.ts";
import type { WeirAs } from "./weir-as.ts";

/**
 * What the network lets a project use, told to the site's hook `quota` for each pair that has an account here (P5): once the
 * account is there, and each time it differs from what the hook took last. What was taken is on disk, so a restart tells nothing
 * again; where that is lost, it is told once more.
 */
export type Quotas = {
  /** Whether the hook has something to be told, should there be one. */
  readonly isAnyDue: (wanted: readonly AskedAccount[], entries: readonly MappingEntry[]) => boolean;
  readonly tell: (wanted: readonly AskedAccount[], entries: readonly MappingEntry[]) => Promise<void>;
};

export type QuotaSettings = {
  readonly path: string;
  readonly helper: WeirAs;
  readonly note: (words: string, facts: object) => void;
  readonly nowMs: () => number;
  /** After a failure. */
  readonly againAfterMs: number;
};

export function keepQuotas({ path, helper, note, nowMs, againAfterMs }: QuotaSettings): Quotas {
  const taken = new Map(Object.entries(readTaken(path)));
  const heldUntilMs = new Map<string, number>();

  function due(wanted: readonly AskedAccount[], entries: readonly MappingEntry[]): readonly Due[] {
    return wanted.flatMap(({ person, project, quota }) => {
      const entry = entryFor(entries, person.id, project.id);
      if (!quota || !entry || ["requested", "removed"].includes(entry.readiness.kind)) return [];
      const pair = `${person.id}.${project.id}`;
      const { user, account } = entry;
      const input = JSON.stringify({ person, project, user, account, quota });
      const isHeld = nowMs() < (heldUntilMs.get(input) ?? 0);
      return isHeld || taken.get(pair) === input ? [] : [{ pair, input, entry }];
    });
  }

  function keep(pair: string, input: string): void {
    taken.set(pair, input);
    writeFileSync(`${path}.new`, `${JSON.stringify(Object.fromEntries(taken))}\n`, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  }

  return {
    isAnyDue: (wanted, entries) => due(wanted, entries).length > 0,
    async tell(wanted, entries) {
      for (const { pair, input, entry } of due(wanted, entries)) {
        const done = await runHook(helper, "quota", input, entry);
        if (done.kind === "made") {
          heldUntilMs.delete(input);
          keep(pair, input);
        } else {
          heldUntilMs.set(input, nowMs() + againAfterMs);
          note("the site's hook has not taken a quota; it is told again", { pair, words: done.words });
        }
      }
    },
  };
}

type Due = { readonly pair: string; readonly input: string; readonly entry: MappingEntry };

function readTaken(path: string): Readonly<Record<string, string>> {
  if (!existsSync(path)) return {};
  return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(path, "utf8")));
}
