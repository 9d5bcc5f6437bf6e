import { run } from "#cli/run.ts";
import { processTerminal } from "#cli/terminal.ts";

/** The `weir` command. Wired by hand; everything else is loaded when a command needs it. */
const terminal = processTerminal();
// `weir jobs | head`, also with 2>&1: `run` ends at what nobody reads any more, what was to be noted is left out.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") process.exit(1);
  });
process.exitCode = await run(process.argv.slice(2), terminal);
