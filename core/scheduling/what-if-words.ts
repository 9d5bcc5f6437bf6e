import { regionWords } from "#core/centre/region.ts";
import { cardKeyWords } from "#core/job/card-words.ts";
import type { Language } from "#core/language.ts";
import type { Change, StartingChange } from "#core/scheduling/what-if.ts";
import { unreachable } from "#core/unreachable.ts";

/** A change in words: `cores per task 8 → 5`. Times as sbatch writes them, days-hours:minutes:seconds. */
export function changeWords(change: Change, language: Language): string {
  switch (change.kind) {
    case "centre":
      return language === "zh" ? `允许中心 ${change.centre}` : `also at ${change.centre}`;
    case "region": {
      const region = regionWords(change.region, language);
      return language === "zh" ? `数据也可存放于${region}` : `its data in ${region} too`;
    }
    case "without":
      return language === "zh" ? `不要求 ${change.demand}` : `without ${change.demand}`;
    case "accelerator-type":
      return `${names[change.kind][language]} ${cardKeyWords(change.from, language)} → ${cardKeyWords(change.to, language)}`;
    case "time-limit-s":
      return `${names[change.kind][language]} ${timeText(change.from)} → ${timeText(change.to)}`;
    default:
      return `${names[change.kind][language]} ${change.from} → ${change.to}`;
  }
}

/**
 * What says it to `weir submit`, after all that was said before; empty where something has to be taken out of what was
 * said. An option that is given again stands for the one before it, but for `--centre`, where each is one more.
 */
export function changeOptions({ changes, asked }: StartingChange): readonly string[] {
  const options = changes.map((change) => optionOf(change, asked));
  return options.every((option) => option !== null) ? [...new Set(options)] : [];
}

const names = {
  nodes: { en: "nodes", zh: "节点数" },
  tasks: { en: "tasks", zh: "任务数" },
  "cores-per-task": { en: "cores per task", zh: "每任务核数" },
  "memory-mib-per-node": { en: "MiB of memory per node", zh: "每节点内存 MiB" },
  accelerators: { en: "accelerators per node", zh: "每节点加速卡数" },
  "accelerator-share": { en: "thousandths of an accelerator per node", zh: "每节点加速卡份额（千分之）" },
  "accelerator-type": { en: "type of accelerator", zh: "加速卡类型" },
  "time-limit-s": { en: "time limit", zh: "时限" },
} as const satisfies Record<Exclude<Change["kind"], "centre" | "region" | "without">, Record<Language, string>>;

function optionOf(change: Change, { shape, wishes, demands }: StartingChange["asked"]): string | null {
  switch (change.kind) {
    case "nodes":
      return `--nodes=${change.to}`;
    case "tasks":
      return `--ntasks=${change.to}`;
    case "cores-per-task":
      return `--cpus-per-task=${change.to}`;
    case "memory-mib-per-node":
      return `--mem=${change.to}M`;
    case "time-limit-s":
      return `--time=${timeText(change.to)}`;
    case "accelerators":
    case "accelerator-type": {
      const { model = null, perNode = 0 } = shape.accelerators ?? {};
      return `--gpus-per-node=${model === null ? "" : `${model}:`}${perNode}`;
    }
    case "accelerator-share":
      return `--accelerator-share=${change.to}`;
    case "centre":
      return wishes.only.includes(change.centre) ? `--centre=${change.centre}` : null;
    case "region":
      return `--residency=${demands?.residency.join(",")}`;
    case "without":
      return null;
    default:
      return unreachable(change);
  }
}

/** `1-02:03:04`, or `02:03:04` below a day. */
function timeText(s: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const ofDay = `${two((s % 86_400) / 3600)}:${two((s % 3600) / 60)}:${two(s % 60)}`;
  return s < 86_400 ? ofDay : `${Math.floor(s / 86_400)}-${ofDay}`;
}
