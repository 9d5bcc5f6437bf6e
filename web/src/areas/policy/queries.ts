import { queryOptions } from "@tanstack/react-query";
import { ask } from "../../app/client.ts";

export const policyQuery = queryOptions({
  queryKey: ["policy"],
  queryFn: ({ signal }) => ask("policy", {}, { signal }),
});
