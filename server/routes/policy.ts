import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import type { Language } from "#core/language.ts";
import type { Policy } from "#core/scheduling/policy.ts";
import { type ParsedPolicy, type PolicyIssue, parseLivePolicy } from "#core/scheduling/policy-file.ts";
import type { World } from "#core/scheduling/world.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import type { Database } from "#server/store/database.ts";
import { readPolicy, readPolicyVersions, setPolicy, unknownNames } from "#server/store/policy.ts";
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

  /** Tenants and projects that the policy names must be there: a name that nobody has changes nothing. */
  async function issuesOf(parsed: ParsedPolicy): Promise<readonly PolicyIssue[]> {
    if (parsed.kind === "refused") return parsed.issues;
    const named = namesIn(parsed.policy);
    const unknown = await unknownNames(db.pool, named);
    return named
      .filter(({ of, name }) => unknown.some((one) => one.of === of && one.name === name))
      .map(({ path, of, name }) => ({ path, ...noneOfThisName(of, name) }));
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

type Named = { readonly path: string; readonly of: "tenant" | "project"; readonly name: string };

function namesIn({ fairness, classes }: Policy): readonly Named[] {
  const { weights = {}, promises = {} } = fairness ?? {};
  const byName = Object.entries({ "fairness.weights": weights, "fairness.promises": promises });
  return [
    ...byName.flatMap(([path, said]) =>
      Object.keys(said).map((name) => ({ path: `${path}.${name}`, of: "tenant" as const, name })),
    ),
    ...classes.flatMap(({ tenants, projects }, at) => [
      ...(tenants ?? []).map((name) => ({ path: `classes[${at}].tenants`, of: "tenant" as const, name })),
      ...(projects ?? []).map((name) => ({ path: `classes[${at}].projects`, of: "project" as const, name })),
    ]),
  ];
}

function noneOfThisName(of: Named["of"], name: string): Pick<PolicyIssue, "en" | "zh"> {
  const command = `weir admin ${of} list`;
  return {
    en: `there is no ${of} ${name}. \`${command}\` names all.`,
    zh: `没有名为 ${name} 的${of === "tenant" ? "租户" : "项目"}。\`${command}\` 列出全部。`,
  };
}

export type PolicyContext = {
  readonly db: Database;
  readonly caughtUp: () => Promise<void>;
  readonly world: () => Pick<World, "homes">;
  readonly now: () => number;
};
