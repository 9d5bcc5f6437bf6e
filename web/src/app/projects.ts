import { queryOptions } from "@tanstack/react-query";
import { ask } from "./client.ts";

/** The projects one can see; several areas choose among them. */
export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: ({ signal }) => ask("projects", { query: { limit: 1000 } }, { signal }),
  staleTime: 60_000,
});

/** The tenants they belong to. */
export const tenantsQuery = queryOptions({
  queryKey: ["tenants"],
  queryFn: ({ signal }) => ask("tenants", { query: { limit: 1000 } }, { signal }),
  staleTime: 60_000,
});
