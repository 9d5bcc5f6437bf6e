import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
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

let leaving = false;

/** Who signs out is led to the sign-in page by that alone: what is refused meanwhile leads nowhere. */
export function isLeaving(): boolean {
  return leaving;
}

/** The page is loaded anew, so that nothing of who was here is left in it, and nothing under way ends in it. */
export async function signOut(): Promise<void> {
  leaving = true;
  try {
    await ask("signOut", { body: {} });
    location.assign("/sign-in");
  } catch (error) {
    leaving = false;
    throw error;
  }
}
