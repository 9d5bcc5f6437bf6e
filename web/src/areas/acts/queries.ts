import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";
import { ask } from "../../app/client.ts";
import { language } from "../../app/language.ts";
import type { ActsSearch } from "./search.ts";

/** Newest first; the words are the server's, in the reader's language. */
export function actsQuery(search: ActsSearch, limit = 50) {
  return infiniteQueryOptions({
    queryKey: ["acts", search, limit, language()],
    queryFn: ({ pageParam, signal }) =>
      ask("acts", { query: { limit, ...search, ...(pageParam && { cursor: pageParam }) } }, { signal }),
    // What was listed stays in sight while what fits another filter is on its way.
    placeholderData: keepPreviousData,
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
  });
}
