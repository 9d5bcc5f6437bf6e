import { phrase } from "#core/job/phrase.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import type { Database } from "#server/store/database.ts";
import { checkLedger } from "#server/store/read/ledger-check.ts";
import { readUsage, readUsageTotal } from "#server/store/read/usage.ts";
import { cutPage } from "./paging.ts";
import { boundedProjects } from "./visible.ts";

/** What was used and what it cost, and whether the books hold. */
export function usageHandlers({ db }: { readonly db: Database }): Pick<Handlers, "usage" | "ledgerCheck"> {
  return {
    async usage({ caller, query }) {
      const { by, fromMs, toMs, limit } = query;
      if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
        const words = phrase("not-after", { field: "toMs" });
        return refused({ kind: "invalid-request", issues: [{ path: "fromMs", words }] });
      }
      if (by === "job" && query.cursor !== undefined && !/^[1-9]\d{0,15}$/.test(query.cursor))
        return refused({ kind: "bad-cursor" });
      const bounded = await boundedProjects(db, caller, query.project);
      if (bounded.kind === "refused") return bounded;
      const filter = { by, fromMs, toMs, projects: bounded.projects, after: query.cursor ?? null, limit: limit + 1 };
      const [rows, total] = await Promise.all([readUsage(db.pool, filter), readUsageTotal(db.pool, filter)]);
      const page = cutPage(rows, limit, (row) => row.key);
      return answer({ by, rows: [...page.rows], total, next: page.next });
    },

    ledgerCheck: async () => answer(await checkLedger(db.pool)),
  };
}
