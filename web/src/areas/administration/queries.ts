import { queryOptions } from "@tanstack/react-query";
import { ask } from "../../app/client.ts";

export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: ({ signal }) => ask("people", { query: { limit: 1000 } }, { signal }),
});
