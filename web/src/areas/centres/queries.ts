import { queryOptions } from "@tanstack/react-query";
import { ask } from "../../app/client.ts";

/** Read again now and then without an event too: a centre that falls silent sends none. */
export const centresQuery = queryOptions({
  queryKey: ["centres"],
  queryFn: ({ signal }) => ask("centres", { query: { limit: 1000 } }, { signal }),
  refetchInterval: 10_000,
});

/** Words, software, file systems and licences; long lists that seldom change. */
export const offersQuery = queryOptions({
  queryKey: ["offers"],
  queryFn: ({ signal }) => ask("offers", { query: {} }, { signal }),
  staleTime: 60_000,
});

export function nodesQuery(centre: string) {
  return queryOptions({
    queryKey: ["nodes", centre],
    queryFn: ({ signal }) => ask("nodes", { query: { centre, limit: 1000 } }, { signal }),
    refetchInterval: 10_000,
  });
}

/** They change seldom. */
export function limitsQuery(centre: string) {
  return queryOptions({
    queryKey: ["limits", centre],
    queryFn: ({ signal }) => ask("limits", { params: { centre } }, { signal }),
    refetchInterval: 60_000,
  });
}

/** Read often while the test is under way. */
export function lastTestQuery(centre: string) {
  return queryOptions({
    queryKey: ["tests", centre],
    queryFn: ({ signal }) => ask("tests", { params: { centre }, query: { limit: 1 } }, { signal }),
    refetchInterval: ({ state }) =>
      state.data?.tests.some((test) => test.state === "asked" || test.state === "running") ? 1_000 : 15_000,
  });
}

export function accountsQuery(centre: string) {
  return queryOptions({
    queryKey: ["accounts", centre],
    queryFn: ({ signal }) => ask("accounts", { params: { centre } }, { signal }),
    refetchInterval: 5_000,
  });
}

/** Not read again by itself: it is being edited. */
export function termsQuery(centre: string) {
  return queryOptions({
    queryKey: ["terms", centre],
    queryFn: ({ signal }) => ask("terms", { params: { centre } }, { signal }),
  });
}

export function capacityQuery(centre: string) {
  return queryOptions({
    queryKey: ["capacity", centre],
    queryFn: ({ signal }) => ask("capacity", { params: { centre } }, { signal }),
  });
}

export function intakeQuery(centre: string) {
  return queryOptions({
    queryKey: ["intake", centre],
    queryFn: ({ signal }) => ask("intake", { params: { centre } }, { signal }),
    refetchInterval: 5_000,
  });
}
