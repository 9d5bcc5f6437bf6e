import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { findBinaries } from "#server/postgres/embedded.ts";
import { type CopySettings, type Credentials, firstUnreachable, pruneCopies, reachableFor } from "./reach.ts";
import { tell } from "./words.ts";

/** Absolute paths of what the supervisor starts. `postgres` is the folder of its programs, or null where it is not needed. */
export type Installation = {
  readonly node: string;
  readonly server: string;
  readonly agent: string;
  readonly launcher: string;
  readonly postgres: string | null;
};

/** In the repository, this file's or its bundle's parent folder. */
export function installation(withPostgres: boolean): Installation {
  const root = dirname(import.meta.dirname);
  const found = {
    node: process.execPath,
    server: join(root, "dist", "server.mjs"),
    agent: join(root, "dist", "agent.mjs"),
    launcher: join(root, "agent", "launcher", "weir-launcher"),
    postgres: withPostgres ? findBinaries() : null,
  };
  for (const path of [found.server, found.agent, found.launcher]) {
    if (!existsSync(path)) throw new Error(`${path} is missing. Run npm start, which builds it.`);
  }
  return found;
}

/**
 * The same where the system users can read it: each part in place or, where the repository is closed to them (a clone
 * under /root), in a copy that root owns in `into`.
 */
export function reachableInstallation(
  found: Installation,
  users: InstallationUsers,
  into: string,
  say: (words: string) => void,
): Installation {
  const root = dirname(dirname(found.server));
  const copy = (name: string): CopySettings => ({
    into,
    name,
    onCopy: (folder) => say(tell("copying", { name, folder, root })),
  });
  const keep = (name: string, folder: string, days: number) =>
    pruneCopies(into, name, folder, Date.now() - days * 86_400_000);

  const both = [users.server, users.agent];
  const node = reachableFor(both, dirname(found.node), [basename(found.node)], copy("node"));
  const dist = readdirSync(join(root, "dist")).filter((entry) => !entry.startsWith("."));
  const parts = ["package.json", ...dist.map((entry) => join("dist", entry)), ...unbundled(root)];
  const programs = reachableFor(both, root, parts, copy("weir"));
  const launcher = reachableFor([users.job, users.agent], root, [join("agent", "launcher")], copy("launcher"));
  const postgres = found.postgres === null ? null : reachablePostgres(found.postgres, users.server, copy("postgres"));
  keep("node", node, 1);
  keep("weir", programs, 1);
  // Runs use the stand-in for srun in it, and outlive every start.
  keep("launcher", launcher, 60);
  if (postgres !== null) keep("postgres", dirname(postgres), 1);
  return {
    node: join(node, basename(found.node)),
    server: join(programs, "dist", basename(found.server)),
    agent: join(programs, "dist", basename(found.agent)),
    launcher: join(launcher, "agent", "launcher", basename(found.launcher)),
    postgres,
  };
}

export type InstallationUsers = {
  readonly server: Credentials;
  readonly agent: Credentials;
  readonly job: Credentials;
};

function reachablePostgres(binaries: string, user: Credentials, copy: CopySettings): string {
  const folder = dirname(binaries);
  // The npm package is one folder; another PostgreSQL has its parts wherever it was built for.
  if (folder.endsWith("native")) return join(reachableFor([user], folder, ["bin", "lib", "share"], copy), "bin");
  const closed = firstUnreachable([join(binaries, "initdb"), join(binaries, "postgres")], user);
  if (closed === null) return binaries;
  throw new Error(
    `PG_BIN_DIR=${binaries}: ${closed.at} is closed to the system user ${user.name}. Cure: chmod o+rx ${closed.at}`,
  );
}

/** Packages the bundles load at run time (see `external` in tools/build.ts), with all they need. */
function unbundled(root: string): readonly string[] {
  const found = new Set<string>();
  const add = (name: string) => {
    const folder = join("node_modules", name);
    if (found.has(folder) || !existsSync(join(root, folder, "package.json"))) return;
    found.add(folder);
    const description: unknown = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    if (typeof description !== "object" || description === null || !("dependencies" in description)) return;
    for (const dependency of Object.keys(description.dependencies ?? {})) add(dependency);
  };
  add("@fastify/swagger-ui");
  return [...found];
}
