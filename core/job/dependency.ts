import type { Dependency } from "#core/job/spec.ts";
import { unreachable } from "#core/unreachable.ts";

/**
 * How a dependency is written in sbatch: `afterok:12`, `afterany:12_3`, `aftercorr:12`, `singleton`. Whether it is met is
 * asked of core/scheduling/dependencies.ts alone.
 */
export function dependencyText(dependency: Dependency): string {
  switch (dependency.kind) {
    case "afterok":
    case "afterany":
    case "afternotok":
      return `${dependency.kind}:${dependency.job}${dependency.index === null ? "" : `_${dependency.index}`}`;
    case "aftercorr":
      return `aftercorr:${dependency.job}`;
    case "singleton":
      return "singleton";
    default:
      return unreachable(dependency);
  }
}
