import type { Routing } from "#core/scheduling/kernel/routings.ts";
import { type Policy, policies } from "#core/scheduling/policy.ts";

/** A policy as it was asked for: by the name of one that ships, or read from a file. */
export type AskedPolicy = { readonly policy: Policy; readonly from: "name" | "file" };

/**
 * What is replayed where policy or routing, or both, were left out. A policy that was asked for always takes effect;
 * `weir` routing is Weir's own scheduler, and takes what a file says or `weir`, not one of the classics.
 */
export function withDefaults(
  asked: { readonly policy: AskedPolicy | null; readonly routing: Routing | null },
  traces: number,
):
  | { readonly kind: "chosen"; readonly policy: Policy; readonly routing: Routing }
  | { readonly kind: "classic-under-weir"; readonly policy: string } {
  const isClassic = asked.policy?.from === "name" && asked.policy.policy.name !== policies.weir.name;
  const policy = asked.policy?.policy ?? policies.weir;
  const routing = asked.routing ?? (traces === 1 || isClassic ? "home" : "weir");
  if (routing === "weir" && isClassic) return { kind: "classic-under-weir", policy: policy.name };
  return { kind: "chosen", policy, routing };
}
