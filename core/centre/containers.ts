/** The runtimes for containers whose command lines an agent knows (W2), the one preferred first. */
export const containerRuntimes = ["apptainer", "pyxis", "enroot", "podman"] as const;
export type ContainerRuntime = (typeof containerRuntimes)[number];

/** Whether of what a centre reports there is one that an agent can use. */
export function runsContainers(reported: readonly string[]): boolean {
  return containerRuntimes.some((name) => reported.includes(name));
}
