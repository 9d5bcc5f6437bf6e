import { queryOptions, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ask } from "./client.ts";

/** Who is signed in. The frame of the console has asked before any page is shown. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => ask("me", {}, { signal }),
  staleTime: 60_000,
});

export function useMe() {
  return useSuspenseQuery(meQuery).data;
}

export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return async () => {
    await ask("signOut", { body: {} });
    await navigate({ to: "/sign-in" });
    queries.clear();
  };
}
