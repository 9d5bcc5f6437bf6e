import { queryOptions } from "@tanstack/react-query";
import { ask } from "../../app/client.ts";

export const policyQuery = queryOptions({
  queryKey: ["policy"],
  queryFn: ({ signal }) => ask("policy", {}, { signal }),
});

export const agreementsQuery = queryOptions({
  queryKey: ["agreements"],
  queryFn: ({ signal }) => ask("agreements", {}, { signal }),
});
