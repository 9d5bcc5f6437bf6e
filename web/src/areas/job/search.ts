/** Which task of an array, which view of it. */
export type JobSearch = {
  readonly task?: number;
  readonly view?: JobView;
  readonly attempt?: number;
  /** None chosen: the one that is most likely to say why it ended as it did. */
  readonly stream?: Stream;
};
export type Stream = "stdout" | "stderr";
export const jobViews = ["log", "placement", "history", "specification"] as const;
export type JobView = (typeof jobViews)[number];

export function readJobSearch(search: Record<string, unknown>): JobSearch {
  const task = Number(search.task);
  const attempt = Number(search.attempt);
  const view = jobViews.find((one) => one === search.view);
  return {
    ...(search.task !== undefined && Number.isSafeInteger(task) && task >= 0 && { task }),
    ...(search.attempt !== undefined && Number.isSafeInteger(attempt) && attempt >= 1 && { attempt }),
    ...(view && { view }),
    ...((search.stream === "stdout" || search.stream === "stderr") && { stream: search.stream }),
  };
}
