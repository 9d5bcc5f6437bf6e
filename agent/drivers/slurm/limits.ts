import type { Bound, Most } from "#core/centre/account-limits.ts";
import type { LimitTexts } from "./engine.ts";
import { durationS, sizeMib } from "./slurm-text.ts";

/** Of one local user in one account: what binds it, and what it has in the queue that is not the network's. */
export type LocalLimits = Bound & {
  readonly submittedByOthers: number;
  readonly othersHold: readonly { readonly name: string; readonly count: number }[];
};

type Row = ReadonlyMap<string, string>;

/**
 * Pure: from the texts of sacctmgr, sshare and squeue. Where several levels set the same limit, that of the job's QoS
 * counts, then that of the user's association (which has its account's), per TRES; what an account may have as a whole
 * binds at each level above too (Slurm's resource limits page, "Hierarchy"). A QoS of a partition is not looked at.
 * `account` null: the user's only one, if there is but one. `qos` null: the association's default.
 */
export function localLimits(
  texts: LimitTexts,
  of: { readonly cluster: string; readonly user: string; readonly account: string | null; readonly qos: string | null },
): LocalLimits {
  const mine = table(texts.associations).filter(
    (row) => row.get("Cluster") === of.cluster && row.get("User") === of.user,
  );
  const named = mine.filter((row) => row.get("Partition") === "" && row.get("Account") === of.account);
  const association = of.account === null && mine.length === 1 ? mine[0] : named[0];
  const account = association?.get("Account") ?? of.account;
  const above = table(texts.accounts).filter((row) => row.get("Cluster") === of.cluster && row.get("User") === "");
  const name = of.qos ?? association?.get("Def QOS") ?? null;
  const qos = table(texts.qos).find((row) => row.get("Name") === name);
  const chain = [...(association ? [association] : []), ...above];
  const ofQosSubmit = count(qos?.get("MaxSubmitPU"));
  const counted = ofQosSubmit === null ? { column: "account", value: account } : { column: "qos", value: name };
  const others = queued(texts.queue).filter((row) => !row.isOurs);
  const sum = (rows: readonly Queued[], of: (row: Queued) => number) => rows.reduce((all, row) => all + of(row), 0);
  const ofAccount = others.filter((row) => account === null || row.account === account);
  return {
    mostRunning: count(qos?.get("MaxJobsPU")) ?? count(association?.get("MaxJobs")),
    mostSubmitted: ofQosSubmit ?? count(association?.get("MaxSubmit")),
    mostTimeS: durationS(qos?.get("MaxWall")) ?? durationS(association?.get("MaxWall")),
    together: together(qos, chain, "GrpTRES"),
    togetherMinutes: together(qos, chain, "GrpTRESMins"),
    fairShare: fairShare(texts.shares, of.user, account),
    submittedByOthers: sum(
      others.filter(
        (row) => counted.value === null || row[counted.column === "qos" ? "qos" : "account"] === counted.value,
      ),
      ({ copies }) => copies,
    ),
    othersHold: [
      { name: "job", count: sum(ofAccount, ({ running }) => running) },
      { name: "cpu", count: sum(ofAccount, ({ cpus }) => cpus) },
      { name: "node", count: sum(ofAccount, ({ nodes }) => nodes) },
    ].filter(({ count }) => count > 0),
  };
}

/** Whether Slurm knows the user in that account (or in any, where none is named): without it no submission is taken. */
export function hasAssociation(
  texts: LimitTexts,
  of: { readonly cluster: string; readonly user: string; readonly account: string | null },
): boolean {
  return table(texts.associations).some(
    (row) =>
      row.get("Cluster") === of.cluster &&
      row.get("User") === of.user &&
      (of.account === null || row.get("Account") === of.account),
  );
}

/** sacctmgr and sshare with --parsable2: a line of titles, then rows. */
function table(text: string): readonly Row[] {
  const [titles = "", ...lines] = text.split("\n").filter((line) => line !== "");
  const names = titles.split("|");
  return lines.map((line) => {
    const values = line.split("|");
    return new Map(names.map((name, at) => [name, (values[at] ?? "").trim()]));
  });
}

function count(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

function together(qos: Row | undefined, chain: readonly Row[], column: string): readonly Most[] {
  const most = new Map<string, number>();
  for (const row of chain)
    for (const [name, value] of tres(row.get(column))) most.set(name, Math.min(value, most.get(name) ?? value));
  for (const [name, value] of tres(qos?.get(column))) most.set(name, value);
  return [...most].sort().map(([name, value]) => ({ name, most: value }));
}

/** `cpu=12,mem=40G,gres/gpu=2`. */
function tres(text: string | undefined): readonly (readonly [string, number])[] {
  return (text ?? "").split(",").flatMap((word) => {
    const [, name = "", value = ""] = /^([^=]+)=(.+)$/.exec(word) ?? [];
    const most = name === "mem" ? sizeMib(value) : count(value);
    return most === null ? [] : [[name, most] as const];
  });
}

function fairShare(text: string, user: string, account: string | null): number | null {
  const row = table(text).find(
    (one) => one.get("User") === user && (account === null || one.get("Account") === account),
  );
  const factor = Number(row?.get("FairShare") || Number.NaN);
  return factor >= 0 && factor <= 1 ? factor : null;
}

type Queued = {
  readonly account: string;
  readonly qos: string;
  readonly copies: number;
  readonly isOurs: boolean;
  /** Of what runs: jobs, and what they hold. */
  readonly running: number;
  readonly cpus: number;
  readonly nodes: number;
};

/** The helper's own lines: `account|qos|copies|weir|running|cpus|nodes`. */
function queued(text: string): readonly Queued[] {
  return text.split("\n").flatMap((line) => {
    const [account = "", qos = "", copies = "", weir = "", ...held] = line.split("|");
    const [running = 0, cpus = 0, nodes = 0] = held.map((count) => Number(count) || 0);
    return weir === ""
      ? []
      : [{ account, qos, copies: Number(copies) || 1, isOurs: weir === "1", running, cpus, nodes }];
  });
}
