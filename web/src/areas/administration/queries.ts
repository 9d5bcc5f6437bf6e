import { queryOptions } from "@tanstack/react-query";
import { ask } from "../../app/client.ts";
import type { Owner } from "./owner-draft.ts";

export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: ({ signal }) => ask("people", { query: { limit: 1000 } }, { signal }),
});

export function personQuery(name: string) {
  return queryOptions({
    queryKey: [...peopleQuery.queryKey, name],
    queryFn: ({ signal }) => ask("people", { query: { name, limit: 1 } }, { signal }),
  });
}

/**
 * How many jobs of a tenant or project wait, and how many are at a centre. A look, and no count of a long queue: of ten
 * projects at most, and of each and each state as many jobs as one page of the list holds; `isMore`: there are others.
 */
export function workQuery({ kind, name }: Pick<Owner, "kind" | "name">) {
  return queryOptions({
    queryKey: ["work of", kind, name],
    queryFn: async ({ signal }) => {
      const all =
        kind === "project"
          ? [name]
          : (await ask("projects", { query: { limit: 1000 } }, { signal })).projects
              .filter(({ tenant }) => tenant === name)
              .map((project) => project.name);
      const projects = all.slice(0, 10);
      const found = async (state: "queued" | "placed" | "starting" | "running") => {
        const asked = projects.map((project) => ask("jobs", { query: { project, state, limit: 100 } }, { signal }));
        const pages = await Promise.all(asked);
        return { count: pages.flatMap(({ jobs }) => jobs).length, isMore: pages.some(({ next }) => next !== null) };
      };
      const [queued, ...live] = await Promise.all([
        found("queued"),
        found("placed"),
        found("starting"),
        found("running"),
      ]);
      return {
        waiting: queued.count,
        live: live.reduce((sum, { count }) => sum + count, 0),
        isMore: all.length > projects.length || [queued, ...live].some((one) => one.isMore),
      };
    },
  });
}
