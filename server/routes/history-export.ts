import { deviceClass } from "#core/ledger/unit.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import type { Database } from "#server/store/database.ts";
import { readCentres } from "#server/store/read/centres.ts";
import { readExportedRuns } from "#server/store/read/exported-runs.ts";
import { cutPage } from "./paging.ts";

/** The history of what ran, in a form that the simulator replays. */
export function historyExportHandlers({ db }: { readonly db: Database }): Pick<Handlers, "exportHistory"> {
  return {
    async exportHistory({ query }) {
      const after = query.cursor === undefined ? null : /^([1-9]\d{0,14})\.(\d{1,9})$/.exec(query.cursor);
      if (query.cursor !== undefined && after === null) return refused({ kind: "bad-cursor" });
      const from = after && { job: Number(after[1]), index: Number(after[2]) };
      const [centres, rows] = await Promise.all([
        readCentres(db.pool, { after: null, limit: 10_000 }),
        readExportedRuns(db.pool, { after: from, limit: query.limit + 1, order: query.order }),
      ]);
      const page = cutPage(rows, query.limit, ({ job, index }) => `${job}.${index}`);
      return answer({
        centres: centres.map(({ id, together }) => ({
          centre: id,
          cores: together.cores,
          accelerators: together.accelerators.map(({ vendor, model, count }) => ({
            deviceClass: deviceClass(vendor, model),
            count,
          })),
        })),
        runs: [...page.rows],
        next: page.next,
      });
    },
  };
}
