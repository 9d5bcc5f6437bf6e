import { run } from "#cli/run.ts";
import { processTerminal } from "#cli/terminal.ts";

/** The `weir` command. Wired by hand; everything else is loaded when a command needs it. */
const terminal = processTerminal();
// `weir jobs | head`: who reads no further is not in need of more.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await run(process.argv.slice(2), terminal);
