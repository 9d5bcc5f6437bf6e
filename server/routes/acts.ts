import { type AboutKind, aboutKinds } from "#core/act.ts";
import { answer, type Handlers } from "#server/http/handler.ts";
import type { Database } from "#server/store/database.ts";
import { readActs } from "#server/store/read/acts.ts";
import { cutPage, readCursor } from "./paging.ts";
import { idOf } from "./visible.ts";

/** What was done to how the network is run: by whom, when, to whom. */
export function actHandlers({ db }: { readonly db: Database }): Pick<Handlers, "acts"> {
  const personId = (name: string) => idOf(db, "select id from person where name = $1", name);
  return {
    async acts({ query, language }) {
      const before = readCursor(query.cursor);
      if (typeof before === "object" && before !== null) return before;
      const by = query.person === undefined ? undefined : await personId(query.person);
      const about = query.about === undefined ? undefined : await aboutOf(query.about, personId);
      // Of somebody who is not there nothing can be told.
      if (by === null || about === null) return answer({ acts: [], next: null });
      const { group, fromMs, toMs, limit } = query;
      const found = await readActs(db.pool, { before, limit: limit + 1, group, by, about, fromMs, toMs }, language);
      const page = cutPage(found, limit, (act) => act.id);
      return answer({ acts: [...page.rows], next: page.next });
    },
  };
}

/** null: there is no such person. */
async function aboutOf(
  said: string,
  personId: (name: string) => Promise<number | null>,
): Promise<{ readonly kind: AboutKind; readonly id: string } | null> {
  const colon = said.indexOf(":");
  const kind = aboutKinds.find((one) => one === said.slice(0, colon));
  const name = said.slice(colon + 1);
  if (kind === undefined) return null;
  if (kind !== "person") return { kind, id: name };
  const id = await personId(name);
  return id === null ? null : { kind, id: `${id}` };
}
