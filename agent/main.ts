import { operate } from "#agent/operator/operate.ts";
import { runAgent } from "#agent/run-agent.ts";

/**
 * The agent of a centre; of several where they are simulated. It opens no port, takes no code from the server, and
 * knows neither prices nor other centres. With a word it is the operator's program (`weir-agent --help`).
 */
const [word, ...rest] = process.argv.slice(2);
process.exit(word === undefined ? await runAgent(process.env) : await operate(word, rest));
