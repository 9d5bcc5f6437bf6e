import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Call } from "#cli/call.ts";
import { fileTroubleWords } from "#cli/file-trouble.ts";
import { exitCodes, Stop } from "#cli/stop.ts";
import type { Network } from "#core/scheduling/kernel/network.ts";
import { networkIssueWords, parseNetwork } from "#simulator/network-file.ts";
import type { SwfLog } from "#simulator/swf.ts";

/** What `--network` says lies between the network and the centres of these logs; null: nothing was said. */
export function askedNetwork(call: Call, logs: readonly SwfLog[]): Network | null {
  const path = call.one("network");
  if (path === null) return null;
  const parsed = parseNetwork(
    readJson(call, path),
    logs.map(({ name }) => name),
  );
  if (parsed.kind === "network") return parsed.network;
  const words = networkIssueWords(parsed.issues, call.language);
  throw new Stop(exitCodes.usage, call.say("simulateNetworkRefused", { path, words }));
}

function readJson(call: Call, path: string): unknown {
  try {
    return JSON.parse(readFileSync(resolve(call.terminal.folder, path), "utf8"));
  } catch (error) {
    const words = fileTroubleWords(error, call.say);
    throw new Stop(exitCodes.usage, call.say("simulateNetworkNotRead", { path, words }));
  }
}
