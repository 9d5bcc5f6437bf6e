import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JobSummary } from "#api/job.ts";
import {
  type Anchor,
  covers,
  type Loaded,
  lowestKnown,
  merge,
  nextAnchor,
  nothingLoaded,
  staleAnchor,
} from "./loaded.ts";

const rows = 3;

/** A server that lists the given ids, newest first, in pages; the cursor is the last id. */
function read(ids: readonly number[], anchor: Anchor) {
  const after = anchor.cursor === null ? Number.POSITIVE_INFINITY : Number(anchor.cursor);
  const rest = ids.filter((id) => id < after);
  const jobs = rest.slice(0, rows).map((id) => ({ id }) as JobSummary);
  return { jobs, next: rest.length > rows ? String(jobs.at(-1)?.id) : null };
}
const top = nothingLoaded.anchors[0] as Anchor;
const idsOf = (loaded: Loaded) => loaded.jobs.map((job) => job.id);

function readAll(ids: readonly number[]): Loaded {
  let loaded = merge(nothingLoaded, top, read(ids, top));
  for (let anchor = nextAnchor(loaded); anchor; anchor = nextAnchor(loaded)) {
    loaded = merge(loaded, anchor, read(ids, anchor));
  }
  return loaded;
}

test("page by page the whole list comes, each job once", () => {
  const loaded = readAll([9, 8, 7, 6, 5, 4, 3, 2, 1]);
  assert.deepEqual(idsOf(loaded), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
  assert.equal(loaded.next, null);
});

test("a new job comes on top and nothing else moves", () => {
  const loaded = readAll([9, 8, 7, 6, 5]);
  assert.deepEqual(idsOf(merge(loaded, top, read([10, 9, 8, 7, 6, 5], top))), [10, 9, 8, 7, 6, 5]);
});

test("more new jobs than a page holds replace what was loaded, for a hole would lie between", () => {
  const loaded = readAll([5, 4, 3]);
  const after = merge(loaded, top, read([20, 19, 18, 17, 16, 5, 4, 3], top));
  assert.deepEqual(idsOf(after), [20, 19, 18]);
  assert.equal(after.next, "18");
});

test("a job that left the filter goes, wherever it stood", () => {
  const loaded = readAll([9, 8, 7, 6, 5, 4]);
  const now = [9, 8, 7, 6, 4];
  const anchor = staleAnchor(loaded, [5], 9, 1);
  assert.equal(anchor?.afterId, 7, "only the page that holds it is read again");
  assert.deepEqual(idsOf(merge(loaded, anchor as Anchor, read(now, anchor as Anchor))), now);
});

test("whatever changes, reading the stale stretches again gives the server's list without holes or repeats", () => {
  const universe = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 30 });
  fc.assert(
    fc.property(universe, universe, (before, after) => {
      const sort = (ids: readonly number[]) => [...ids].sort((a, b) => b - a);
      const [old, now] = [sort(before), sort(after)];
      let loaded = readAll(old);
      const changed = new Set([...old, ...now].filter((id) => old.includes(id) !== now.includes(id)));
      for (let reads = 0; ; reads++) {
        const anchor = staleAnchor(loaded, changed, Number.POSITIVE_INFINITY, lowestKnown(loaded));
        if (!anchor) break;
        assert.ok(reads < 60, "it ends");
        const page = read(now, anchor);
        loaded = merge(loaded, anchor, page);
        for (const id of changed) if (covers(anchor, page, id)) changed.delete(id);
        assert.deepEqual(idsOf(loaded), sort([...new Set(idsOf(loaded))]), "sorted, each once");
      }
      for (let anchor = nextAnchor(loaded); anchor; anchor = nextAnchor(loaded)) {
        loaded = merge(loaded, anchor, read(now, anchor));
      }
      assert.deepEqual(idsOf(loaded), now);
    }),
  );
});
