import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import type { NewCapacity, StatedLine } from "#api/centre-capacity.ts";
import { type StatedCapacity, statementIssues } from "#core/centre/stated-capacity.ts";
import { phrase } from "#core/job/phrase.ts";
import type { Issue } from "#core/refusal.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import type { Database } from "#server/store/database.ts";
import { nextLine, readCapacity, setCapacity } from "#server/store/stated-capacity.ts";
import { hasLeft } from "./left.ts";
import { setVersion } from "./versions.ts";

type Query = Pick<pg.ClientBase | pg.Pool, "query">;

/** What is stated of a centre's capacity: everybody may read it, an administrator sets it. */
export function centreCapacityHandlers({
  db,
  caughtUp,
  now,
}: CapacityContext): Pick<Handlers, "capacity" | "setCapacity"> {
  async function stated(client: Query, centre: string) {
    const found = await readCapacity(client, centre);
    if (found === null) return refused({ kind: "not-found", what: "centre", id: centre });
    return answer({ centre, ...found, lines: found.lines.map(lineView) });
  }

  return {
    capacity: ({ params }) => stated(db.pool, params.centre),

    async setCapacity({ caller, params, query, body }) {
      const { centre } = params;
      return setVersion(
        { db, caughtUp },
        { caller, base: query.base },
        {
          table: "centre_capacity",
          of: { what: "capacity", centre },
          async read(client) {
            const left = await hasLeft(client, centre, "capacity");
            if (left) return left;
            const found = await readCapacity(client, centre);
            if (found === null) return refused({ kind: "not-found", what: "centre", id: centre });
            const lines = numbered(body, await nextLine(client, centre));
            return { ...found, before: found.lines, lines };
          },
          isSame: ({ before, lines }) =>
            isDeepStrictEqual(
              before,
              lines.toSorted((one, other) => one.line - other.line),
            ),
          async refuse(client, { before, lines }) {
            const issues = [
              ...wrongNumbers(body, before),
              ...statementIssues(lines, { before, reported: await reportedPools(client, centre), nowMs: now() }).map(
                ({ at, field, words }) => ({ path: `lines[${at}]${field === "" ? "" : `.${field}`}`, words }),
              ),
            ];
            return issues.length === 0 ? null : refused({ kind: "invalid-request", issues });
          },
          write: (client, { before, lines }) =>
            setCapacity(client, { centre, lines, counts: counts(before, lines), person: caller.id, nowMs: now() }),
          answer: (client) => stated(client, centre),
        },
      );
    },
  };
}

export type CapacityContext = {
  readonly db: Database;
  readonly caughtUp: () => Promise<void>;
  readonly now: () => number;
};

/** New ones with the numbers that follow; what is not said of a line is null. */
function numbered({ lines }: NewCapacity, next: number): readonly StatedCapacity[] {
  let number = next;
  return lines.map(({ line, valueGigaflops, ...said }) => ({
    line: line ?? number++,
    site: said.site ?? null,
    phase: said.phase ?? null,
    pool: said.pool ?? null,
    device: said.device ?? null,
    precision: said.precision,
    sparsity: said.sparsity,
    basis: said.basis,
    gigaflops: BigInt(valueGigaflops),
    lifeCycle: said.lifeCycle,
    inServiceFrom: said.inServiceFrom ?? null,
    regionCode: said.regionCode ?? null,
    evidence: said.evidence ?? "",
  }));
}

function wrongNumbers({ lines }: NewCapacity, before: readonly StatedCapacity[]): readonly Issue[] {
  const known = before.map(({ line }) => line);
  return lines.flatMap(({ line }, at): Issue[] => {
    if (line === undefined) return [];
    const path = `lines[${at}].line`;
    if (!known.includes(line))
      return [{ path, words: phrase("capacity-no-line", { line, known: known.join(", ") || "–" }) }];
    const isTwice = lines.findIndex((one) => one.line === line) < at;
    return isTwice ? [{ path, words: phrase("capacity-line-twice", { line }) }] : [];
  });
}

async function reportedPools(client: Query, centre: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>("select name from pool where centre_id = $1", [centre]);
  return rows.map(({ name }) => name);
}

function counts(before: readonly StatedCapacity[], after: readonly StatedCapacity[]) {
  const of = (line: number) => after.find((one) => one.line === line);
  const ended = before.filter((one) => {
    const now = of(one.line);
    return !now || (now.lifeCycle === "retired" && one.lifeCycle !== "retired");
  });
  const changed = before.filter((one) => {
    const now = of(one.line);
    return now && !ended.includes(one) && !isDeepStrictEqual(one, now);
  });
  const stated = after.filter(({ line }) => before.every((one) => one.line !== line));
  return { stated: stated.length, changed: changed.length, ended: ended.length };
}

function lineView({ gigaflops, ...line }: StatedCapacity): StatedLine {
  return { ...line, valueGigaflops: `${gigaflops}` };
}
