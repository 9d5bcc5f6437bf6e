import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import type { Language } from "#core/language.ts";
import { type ParsedPolicy, type PolicyIssue, parseLivePolicy } from "#core/scheduling/policy-file.ts";
import type { World } from "#core/scheduling/world.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import type { Database } from "#server/store/database.ts";
import { readPolicy, readPolicyVersions, setPolicy, unknownTenants } from "#server/store/policy.ts";
import { setVersion } from "./versions.ts";

type Query = Pick<pg.ClientBase | pg.Pool, "query">;

/** By which policy the network's work is ordered and placed, and who set it when. */
export function policyHandlers({ db, caughtUp, world, now }: PolicyContext): Pick<Handlers, "policy" | "setPolicy"> {
  async function inForce(client: Query, language: Language) {
    const { policy, issues, ...set } = await readPolicy(client);
    const versions = await readPolicyVersions(client);
    const unreadable = issues.map((issue) => `${issue.path}: ${issue[language]}`);
    const homes = world()
      .homes()
      .map(({ tenants: _, ...home }) => home);
    return answer({ ...set, name: policy.name, policy: { ...policy }, unreadable, homes, versions: [...versions] });
  }

  /** Tenants that a weight or a promise is given to must be there: a name that nobody has weighs nothing. */
  async function issuesOf(parsed: ParsedPolicy): Promise<readonly PolicyIssue[]> {
    if (parsed.kind === "refused") return parsed.issues;
    const { weights = {}, promises = {} } = parsed.policy.fairness ?? {};
    const named = Object.entries({ "fairness.weights": weights, "fairness.promises": promises }).flatMap(
      ([path, byName]) => Object.keys(byName).map((name) => ({ path: `${path}.${name}`, name })),
    );
    const unknown = new Set(
      await unknownTenants(
        db.pool,
        named.map(({ name }) => name),
      ),
    );
    return named
      .filter(({ name }) => unknown.has(name))
      .map(({ path }) => ({
        path,
        en: "there is no tenant of this name. `weir admin tenant list` names all.",
        zh: "没有这个名称的租户。`weir admin tenant list` 列出全部。",
      }));
  }

  return {
    policy: ({ language }) => inForce(db.pool, language),

    async setPolicy({ caller, query, body, language }) {
      const parsed = parseLivePolicy(body);
      const issues = await issuesOf(parsed);
      if (parsed.kind === "refused" || issues.length > 0) {
        const words = issues.map((issue) => ({ path: issue.path, words: issue[language] }));
        return refused({ kind: "invalid-request", issues: words });
      }
      return setVersion(
        { db, caughtUp },
        { caller, base: query.base },
        {
          table: "policy",
          of: { what: "policy", centre: null },
          read: readPolicy,
          isSame: ({ policy, issues }) => issues.length === 0 && isDeepStrictEqual(policy, parsed.policy),
          write: (client) => setPolicy(client, body, caller.id, now()),
          answer: (client) => inForce(client, language),
        },
      );
    },
  };
}

export type PolicyContext = {
  readonly db: Database;
  readonly caughtUp: () => Promise<void>;
  readonly world: () => Pick<World, "homes">;
  readonly now: () => number;
};
