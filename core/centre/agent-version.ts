/**
 * Whether an agent and a server of these versions understand each other: the first two numbers are the same. The third may
 * differ in either direction, so a patched agent may be rolled back by itself.
 */
export function goTogether(agent: string, server: string): boolean {
  return line(agent) === line(server);
}

function line(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}
