import { queryOptions } from "@tanstack/react-query";
import { ask } from "../../app/client.ts";
import type { Stream } from "./search.ts";

/** All queries of one job begin with ["job", id], so that one word refreshes them together. */
export function jobQuery(job: number) {
  return queryOptions({
    queryKey: ["job", job, "detail"],
    queryFn: ({ signal }) => ask("job", { params: { job } }, { signal }),
  });
}

export function taskQuery(job: number, index: number) {
  return queryOptions({
    queryKey: ["job", job, "task", index],
    queryFn: ({ signal }) => ask("task", { params: { job, index } }, { signal }),
  });
}

/** How much each stream of a run that is over has; what is asked for is one byte, since none is no question. */
export function logSizesQuery(job: number, index: number, attempt: number) {
  return queryOptions({
    queryKey: ["log sizes", job, index, attempt],
    queryFn: async ({ signal }): Promise<Readonly<Record<Stream, number>>> => {
      const size = async (stream: Stream) => {
        const query = { index, attempt, stream, offset: 0, maxBytes: 1 };
        return (await ask("log", { params: { job }, query }, { signal })).sizeBytes;
      };
      const [stdout, stderr] = await Promise.all([size("stdout"), size("stderr")]);
      return { stdout, stderr };
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

export function whyQuery(job: number, index: number) {
  return queryOptions({
    queryKey: ["job", job, "why", index],
    queryFn: ({ signal }) => ask("why", { params: { job }, query: { index } }, { signal }),
    refetchInterval: 5_000,
  });
}

export function whatIfQuery(job: number, index: number) {
  return queryOptions({
    queryKey: ["job", job, "what-if", index],
    queryFn: ({ signal }) => ask("whatIf", { params: { job }, query: { index } }, { signal }),
    refetchInterval: 5_000,
  });
}

export function historyQuery(job: number, index: number | null) {
  return queryOptions({
    queryKey: ["job", job, "history", index],
    queryFn: ({ signal }) =>
      ask("history", { params: { job }, query: { limit: 1000, ...(index === null ? {} : { index }) } }, { signal }),
  });
}
