import { useQuery } from "@tanstack/react-query";
import { type JobClasses, shippedClasses, shippedDefaultClass } from "#core/job/job-class.ts";
import { parseLivePolicy } from "#core/scheduling/policy-file.ts";
import { policyQuery } from "./queries.ts";

/** The priority classes of the policy in force; until it is there, or where this page cannot read it, those that ship. */
export function useClasses(): JobClasses {
  const { data } = useQuery(policyQuery);
  const parsed = data ? parseLivePolicy(data.policy) : null;
  if (parsed?.kind === "policy") return parsed.policy;
  return { classes: shippedClasses, defaultClass: shippedDefaultClass };
}
