/**
 * Where jobs go. `home`, `random`, `least-load` and `earliest-start` bind a job to a centre when it is submitted, and
 * each centre has its own queue; `central` keeps one queue over all centres, `weir` as well, under Weir's own scheduler;
 * `merged` makes one machine of them.
 */
export const routings = ["home", "random", "least-load", "earliest-start", "merged", "central", "weir"] as const;
export type Routing = (typeof routings)[number];
