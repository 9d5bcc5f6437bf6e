import type { IconName } from "../parts/icons.tsx";

/** The menu, in groups. Later areas add a line; `administrator` hides a line from everybody else. */
export const navigation = [
  {
    group: "work",
    entries: [
      { to: "/", icon: "network", words: "network" },
      { to: "/submit", icon: "submit", words: "submit" },
      { to: "/jobs", icon: "jobs", words: "jobs" },
      { to: "/usage", icon: "usage", words: "usage" },
    ],
  },
  {
    group: "resources",
    entries: [
      { to: "/centres", icon: "centres", words: "centres" },
      { to: "/policy", icon: "policy", words: "policy" },
    ],
  },
  { group: "account", entries: [{ to: "/tokens", icon: "tokens", words: "tokens" }] },
  {
    group: "manage",
    administrator: true,
    entries: [
      { to: "/administration", icon: "people", words: "people" },
      { to: "/acts", icon: "acts", words: "acts" },
    ],
  },
] as const satisfies readonly Group[];

type Group = {
  readonly group: string;
  readonly administrator?: boolean;
  readonly entries: readonly { readonly to: string; readonly icon: IconName; readonly words: string }[];
};
