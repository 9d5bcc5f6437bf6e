import { language } from "../app/language.ts";

/** What people call a centre, in the reader's language where it has a name in it. */
export function centreName(centre: { readonly name: string; readonly nameZh: string | null }): string {
  return language() === "zh" ? (centre.nameZh ?? centre.name) : centre.name;
}
