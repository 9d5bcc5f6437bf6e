import type { Language } from "#core/language.ts";
import { networkTimeText } from "#core/ledger/network-day.ts";
import type { StartEstimate } from "#core/scheduling/estimate/starts.ts";
import { unreachable } from "#core/unreachable.ts";

/**
 * When it is likely to start and what that rests on, to be read after "likely start". `isRough`: the jobs of the centre's own
 * users are hidden from its agent, so nobody knows when they end.
 */
export function startWords(
  estimate: Exclude<StartEstimate, { kind: "unknown" }>,
  language: Language,
  isRough = false,
): string {
  const words = restsOn(estimate, language);
  if (!isRough || estimate.kind === "now") return words;
  return language === "zh"
    ? `${words}；${estimate.centre} 自有用户的作业不可见，仅供参考`
    : `${words}; rough: the jobs of ${estimate.centre}'s own users are hidden`;
}

function restsOn(estimate: Exclude<StartEstimate, { kind: "unknown" }>, language: Language): string {
  const zh = language === "zh";
  const time = networkTimeText;
  const { centre } = estimate;
  switch (estimate.kind) {
    case "now":
      return zh ? "立即" : "at once";
    case "learnt": {
      const { earliestMs, likelyMs, latestMs, seen } = estimate;
      const [earliest, likely, latest] = [time(earliestMs), time(likelyMs), time(latestMs)];
      return zh
        ? `${likely}（据 ${centre} 以往 ${seen} 次同类等待：半数在此之前启动，九成在 ${latest} 前，一成在 ${earliest} 前）`
        : `${likely} (as ${seen} such waits at ${centre} went: half over by then, nine in ten by ${latest}, one in ten before ${earliest})`;
    }
    case "limits": {
      const by = time(estimate.byMs);
      if (estimate.isFirst)
        return zh
          ? `最迟 ${by}（假定 ${centre} 运行中的作业用满时限，且无后来的作业排到前面；通常更早）`
          : `by ${by} at the latest, if what runs at ${centre} takes its whole time limit and nothing that comes later goes ahead of it; usually sooner`;
      return zh
        ? `约 ${by}（假定 ${centre} 运行中的作业用满时限；另有作业在等待，可能更早或更晚）`
        : `about ${by} if what runs at ${centre} takes its whole time limit; others wait too, so it may be sooner or later`;
    }
    case "engine":
      return zh
        ? `${time(estimate.atMs)}（据 ${centre} 的引擎）`
        : `${time(estimate.atMs)}, as the engine of ${centre} says`;
    case "planned":
      return zh
        ? `约 ${time(estimate.atMs)}（按预测的运行时间排定的次序）`
        : `about ${time(estimate.atMs)}, as the queue is planned by predicted run times`;
    case "data":
      return zh
        ? `${time(estimate.atMs)}（其数据届时在 ${centre} 就绪；届时须有空闲）`
        : `${time(estimate.atMs)}, when its data are at ${centre}, if there is room then`;
    default:
      return unreachable(estimate);
  }
}
