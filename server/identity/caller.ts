import type { CentreId, PersonId, ProjectId, TenantId } from "#core/ids.ts";

/** A signed-in person with what bounds every query made for them. */
export type Person = {
  readonly kind: "person";
  readonly id: PersonId;
  readonly name: string;
  readonly title: string;
  /** Of the network: sees all tenants, and may add and cancel everywhere. */
  readonly administrator: boolean;
  /** In order of project id; the first is the default one. */
  readonly projects: readonly Membership[];
  readonly credential: { readonly id: number; readonly kind: "session" | "token" };
};

export type Membership = {
  readonly id: ProjectId;
  readonly name: string;
  readonly tenantId: TenantId;
  readonly tenant: string;
};

/** An enrolled agent: it may act for its own centre alone. */
export type CentreCaller = { readonly kind: "centre"; readonly centre: CentreId; readonly credential: number };

/** The projects whose rows a person may see; null: all of them. */
export function visibleProjects(person: Person): readonly ProjectId[] | null {
  return person.administrator ? null : person.projects.map((project) => project.id);
}

export function maySee(person: Person, project: number): boolean {
  return person.administrator || person.projects.some((membership) => membership.id === project);
}
