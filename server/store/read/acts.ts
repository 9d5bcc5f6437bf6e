import type { z } from "zod";
import type { act } from "#api/acts.ts";
import { type AboutKind, type Act, type ActGroup, actGroup, actKinds, actWords } from "#core/act.ts";
import type { Language } from "#core/language.ts";
import type { Database } from "../database.ts";

export type ActFilter = {
  readonly before: number | null;
  readonly limit: number;
  readonly group: ActGroup | undefined;
  /** Who did it, by number. */
  readonly by: number | undefined;
  readonly about: { readonly kind: AboutKind; readonly id: string } | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
};

/** What was done, newest first. */
export async function readActs(
  db: Pick<Database["pool"], "query">,
  { before, limit, group, by, about, fromMs, toMs }: ActFilter,
  language: Language,
): Promise<readonly z.output<typeof act>[]> {
  const { rows } = await db.query<ActRow>(
    `select act.id, act.at_ms as "atMs", doer.name as by, act.about_kind as "aboutKind",
       case act.about_kind when 'person' then whom.name else act.about end as about,
       act.facts || jsonb_build_object('kind', act.kind) as act
     from act left join person doer on doer.id = act.person_id
     left join person whom on whom.id = case act.about_kind when 'person' then act.about::bigint end
     where ($1::bigint is null or act.id < $1) and ($3::text[] is null or act.kind = any($3))
       and ($4::bigint is null or act.person_id = $4) and ($5::text is null or (act.about_kind = $5 and act.about = $6))
       and ($7::bigint is null or act.at_ms >= $7) and ($8::bigint is null or act.at_ms < $8)
     order by act.id desc limit $2`,
    [
      before,
      limit,
      group === undefined ? null : kindsOf(group),
      by ?? null,
      about?.kind ?? null,
      about?.id ?? null,
      fromMs ?? null,
      toMs ?? null,
    ],
  );
  return rows.map(({ id, atMs, by, aboutKind, about, act }) => ({
    id,
    atMs,
    by,
    group: actGroup[act.kind],
    kind: act.kind,
    about: aboutKind === null || about === null ? null : { kind: aboutKind, name: about },
    words: actWords(act, language),
  }));
}

type ActRow = {
  readonly id: number;
  readonly atMs: number;
  readonly by: string | null;
  readonly aboutKind: AboutKind | null;
  readonly about: string | null;
  readonly act: Act;
};

function kindsOf(group: ActGroup): string[] {
  return actKinds.filter((kind) => actGroup[kind] === group);
}
