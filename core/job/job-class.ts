import type { Language } from "#core/language.ts";

/**
 * A priority class of the policy in force (docs/decisions/0092): what jobs name to stand before, or behind, others in the
 * network's queue. The policy lists them; the first goes first.
 */
export type JobClass = {
  readonly name: string;
  /** What people read in place of the name; null: the name. */
  readonly en: string | null;
  readonly zh: string | null;
  /** By name: whose jobs may be of it. null, both of them: everybody's; else those of these tenants and of these projects. */
  readonly tenants: readonly string[] | null;
  readonly projects: readonly string[] | null;
  /** The longest time limit that a job of it may ask for; null: whatever the network allows. */
  readonly longestS: number | null;
  /** So many cores at once over the whole network are held by runs of it, of one tenant, project and person; null: any. */
  readonly mostCoresOfTenant: number | null;
  readonly mostCoresOfProject: number | null;
  readonly mostCoresOfPerson: number | null;
};

/** The classes of a policy, and which of them a job is of that names none. */
export type JobClasses = { readonly classes: readonly JobClass[]; readonly defaultClass: string };

const plainClass = {
  name: "",
  en: null,
  zh: null,
  tenants: null,
  projects: null,
  longestS: null,
  mostCoresOfTenant: null,
  mostCoresOfProject: null,
  mostCoresOfPerson: null,
} as const;

/** Those of every policy that says nothing else. */
export const shippedClasses = [
  { ...plainClass, name: "high", en: "high", zh: "高" },
  { ...plainClass, name: "normal", en: "normal", zh: "普通" },
  { ...plainClass, name: "low", en: "low", zh: "低" },
] as const satisfies readonly JobClass[];

/** Of a job that names none, where the policy says nothing else. */
export const shippedDefaultClass = "normal";

/** With nothing said of it but its name. */
export function classNamed(name: string): JobClass {
  return shippedClasses.find((one) => one.name === name) ?? { ...plainClass, name };
}

/** What people call it; `classes`: of the policy in force, where it is known. */
export function classTitle(
  name: string,
  language: Language,
  classes: readonly Pick<JobClass, "name" | Language>[] = shippedClasses,
): string {
  return classes.find((one) => one.name === name)?.[language] ?? name;
}

/** What a job of a dropped class counts as too: one that the policy does not have is as its default. */
export function classOf({ classes, defaultClass }: JobClasses, name: string): JobClass {
  return (
    classes.find((one) => one.name === name) ?? classes.find((one) => one.name === defaultClass) ?? classNamed(name)
  );
}

/** Whether jobs of the project may be of it. */
export function mayUse({ tenants, projects }: JobClass, { project, tenant }: Whose): boolean {
  if (tenants === null && projects === null) return true;
  return (tenants?.includes(tenant) ?? false) || (projects?.includes(project) ?? false);
}

/** By name. */
export type Whose = { readonly project: string; readonly tenant: string };
