import { runAgent } from "#agent/run-agent.ts";

/**
 * The agent of a centre; of several where they are simulated. It opens no port, takes no code from the server, and
 * knows neither prices nor other centres. With a word it is the operator's program (`weir-agent --help`), which is no
 * part of an agent that serves.
 */
const [word, ...rest] = process.argv.slice(2);
process.exit(
  word === undefined
    ? await runAgent(process.env)
    : await (await import("#agent/operator/operate.ts")).operate(word, rest),
);
