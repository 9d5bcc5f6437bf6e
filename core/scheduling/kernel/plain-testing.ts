import type { Workload } from "../replay/workload.ts";
import type { ClassicName } from "./scenario-testing.ts";

/**
 * The rules of docs/guides/simulate.md in their slowest and plainest form: second by second, all of the queue looked at
 * afresh at each instant at which anything happens. One queue over all centres of the workload. Answers start and centre by job.
 */
export function plainSchedule(workload: Workload, policy: ClassicName, notice: Notice = () => {}): PlainSchedule {
  const jobs = Array.from({ length: workload.count }, (_, job) => job);
  const of = (column: ArrayLike<number>, job: number) => column[job] ?? 0;
  const starts = new Map<number, { readonly atS: number; readonly centre: number }>();
  const promises = new Map<number, { readonly atS: number; readonly centre: number }>();
  const lasts = (job: number) => of(workload.runS, job);
  const asks = (job: number) => of(workload.estimateS, job);
  const needs = (job: number) => of(workload.processors, job);
  const size = (centre: number) => workload.homes[centre]?.processors ?? 0;
  const centres = workload.homes.map((_, centre) => centre);

  const runs = (nowS: number, centre: number) =>
    jobs.filter((job) => {
      const start = starts.get(job);
      return start !== undefined && start.centre === centre && start.atS <= nowS && nowS < start.atS + lasts(job);
    });
  const freeAt = (nowS: number, centre: number) =>
    runs(nowS, centre).reduce((free, job) => free - needs(job), size(centre));
  /** Free at a later time if what runs now ends as expected, and `kept` are taken. */
  const expectedFree = (nowS: number, thenS: number, centre: number, kept: readonly Kept[] = []) => {
    const running = runs(nowS, centre).filter((job) => (starts.get(job)?.atS ?? 0) + asks(job) > thenS);
    const reserved = kept.filter((one) => one.centre === centre && one.fromS <= thenS && thenS < one.untilS);
    return size(centre) - sum(running.map(needs)) - sum(reserved.map(({ processors }) => processors));
  };
  const endsAfter = (nowS: number, centre: number, kept: readonly Kept[] = []) => {
    const ends = runs(nowS, centre).map((job) => (starts.get(job)?.atS ?? 0) + asks(job));
    const others = kept.filter((one) => one.centre === centre).flatMap(({ fromS, untilS }) => [fromS, untilS]);
    return [...new Set([nowS, ...ends, ...others])].filter((atS) => atS >= nowS).sort((a, b) => a - b);
  };
  const key = (job: number) => {
    if (policy === "sjf" || policy === "sjf-easy") return asks(job);
    return policy === "saf-easy" ? asks(job) * needs(job) : 0;
  };
  const waitingAt = (nowS: number) =>
    jobs
      .filter((job) => of(workload.submitS, job) <= nowS && !starts.has(job))
      .sort((a, b) => key(a) - key(b) || a - b);
  const nearest = (of: readonly { readonly centre: number; readonly atS: number }[], home: number) =>
    [...of].sort(
      (a, b) => a.atS - b.atS || Number(b.centre === home) - Number(a.centre === home) || a.centre - b.centre,
    )[0];
  const fullest = (nowS: number, allowed: readonly number[]) =>
    [...allowed].sort((a, b) => freeAt(nowS, a) - freeAt(nowS, b) || a - b)[0];

  const queuePass = (nowS: number) => {
    const start = (job: number, centre: number) => {
      starts.set(job, { atS: nowS, centre });
    };
    let headsStarted = 0;
    for (let head = waitingAt(nowS)[0]; head !== undefined; head = waitingAt(nowS)[0]) {
      const need = needs(head);
      const centre = fullest(
        nowS,
        centres.filter((one) => freeAt(nowS, one) >= need),
      );
      if (centre === undefined) break;
      start(head, centre);
      headsStarted += 1;
    }
    const [head, ...others] = waitingAt(nowS);
    if (head === undefined || policy === "fcfs" || policy === "sjf") return;
    const shadows = centres
      .filter((centre) => size(centre) >= needs(head))
      .map((centre) => ({
        centre,
        atS: endsAfter(nowS, centre).find((atS) => expectedFree(nowS, atS, centre) >= needs(head)) ?? 0,
      }));
    const reserved = nearest(shadows, of(workload.home, head));
    if (!reserved) throw new Error("the head fits nowhere");
    notice({ kind: "reserved", nowS, head, shadowS: reserved.atS, headsStarted });
    let extra = expectedFree(nowS, reserved.atS, reserved.centre) - needs(head);
    if (policy === "easy-sjbf") others.sort((a, b) => asks(a) - asks(b) || a - b);
    for (const job of others) {
      const isLate = nowS + asks(job) > reserved.atS;
      const allowed = centres.filter(
        (centre) =>
          freeAt(nowS, centre) >= needs(job) && (centre !== reserved.centre || !isLate || needs(job) <= extra),
      );
      const centre = fullest(nowS, allowed);
      if (centre === undefined) continue;
      if (isLate && centre === reserved.centre) extra -= needs(job);
      start(job, centre);
      notice({ kind: "backfilled", nowS, head, shadowS: reserved.atS });
    }
  };

  const planPass = (nowS: number) => {
    const endedEarly = jobs.some((job) => {
      const start = starts.get(job);
      return start !== undefined && start.atS + lasts(job) === nowS && lasts(job) < asks(job);
    });
    if (endedEarly) for (const job of waitingAt(nowS)) promises.delete(job);
    for (const job of waitingAt(nowS)) {
      if (promises.has(job)) continue;
      const kept = [...promises]
        .filter(([other]) => !starts.has(other))
        .map(([other, { atS, centre }]) => ({
          ...{ centre, fromS: atS, untilS: atS + asks(other), processors: needs(other) },
        }));
      const earliest = centres
        .filter((centre) => size(centre) >= needs(job))
        .map((centre) => {
          const ends = endsAfter(nowS, centre, kept);
          const fits = (atS: number) =>
            [atS, ...ends.filter((endS) => endS > atS && endS < atS + asks(job))].every(
              (thenS) => expectedFree(nowS, thenS, centre, kept) >= needs(job),
            );
          return { centre, atS: ends.find(fits) ?? 0 };
        });
      const promise = nearest(earliest, of(workload.home, job));
      if (!promise) throw new Error("fits nowhere");
      promises.set(job, promise);
      notice({ kind: "promised", nowS, job, atS: promise.atS, isAnew: endedEarly });
    }
    for (const job of waitingAt(nowS)) {
      const promise = promises.get(job);
      if (promise && promise.atS <= nowS) starts.set(job, { atS: nowS, centre: promise.centre });
    }
  };

  for (let nowS = 0; starts.size < jobs.length; nowS += 1)
    if (policy === "conservative") planPass(nowS);
    else queuePass(nowS);
  const startS = jobs.map((job) => starts.get(job)?.atS ?? -1);
  return { startS, centre: jobs.map((job) => starts.get(job)?.centre ?? -1) };
}

export type PlainSchedule = { readonly startS: readonly number[]; readonly centre: readonly number[] };

export type Notice = (
  what:
    | {
        readonly kind: "reserved";
        readonly nowS: number;
        readonly head: number;
        readonly shadowS: number;
        /** Of this pass: jobs that were ahead of it. */
        readonly headsStarted: number;
      }
    | { readonly kind: "backfilled"; readonly nowS: number; readonly head: number; readonly shadowS: number }
    | {
        readonly kind: "promised";
        readonly nowS: number;
        readonly job: number;
        readonly atS: number;
        readonly isAnew: boolean;
      },
) => void;

type Kept = {
  readonly centre: number;
  readonly fromS: number;
  readonly untilS: number;
  readonly processors: number;
};

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
