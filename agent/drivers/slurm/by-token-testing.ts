import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { placeByToken } from "#agent/install/place.ts";
import { type Clusters, clusterOf } from "../../../tools/slurm/clusters.ts";
import type { Answer } from "../../../tools/slurm/daemon.ts";

/** For tests: weir-by-token laid out beside real clusters, where users lend their own tokens and no helper is root's. */
export type ByToken = {
  readonly at: (name: "jinan" | "qingdao") => Meeting;
  /** `weir-delegate` as that user. */
  readonly lend: (name: "jinan" | "qingdao", user: string, ...words: readonly string[]) => Promise<Answer>;
  readonly weirDelegate: string;
  readonly remove: () => void;
};

/** Where users and agent of one cluster meet, and what slurm.json says of it. */
export type Meeting = { readonly shared: string; readonly tokens: string; readonly site: object };

export function layByToken(clusters: Clusters): ByToken {
  const programs = mkdtempSync("/var/tmp/weir-by-token-");
  chmodSync(programs, 0o755);
  const { program, delegate: weirDelegate } = placeByToken({ folder: join(programs, "lib") });
  const meetings = new Map<string, Meeting>();

  function lay(name: "jinan" | "qingdao"): Meeting {
    const { sharedFolder, restUrl } = clusterOf(clusters, name);
    const [shared, tokens] = [join(sharedFolder, "weir"), join(programs, name, "tokens")];
    for (const folder of [shared, join(programs, name)]) {
      mkdirSync(folder, { mode: 0o711 });
      chownSync(folder, clusters.agentUser.uid, clusters.agentUser.gid);
    }
    const delegated = { folder: shared, tokens, program };
    return { shared, tokens, site: { transport: "rest", rest: { url: restUrl }, delegated } };
  }

  function at(name: "jinan" | "qingdao"): Meeting {
    const meeting = meetings.get(name) ?? lay(name);
    meetings.set(name, meeting);
    return meeting;
  }

  return {
    at,
    lend: (name, user, ...words) =>
      clusterOf(clusters, name).run(user, [weirDelegate, "--folder", at(name).shared, ...words]),
    weirDelegate,
    remove: () => rmSync(programs, { recursive: true, force: true }),
  };
}
