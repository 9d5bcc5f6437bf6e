import { pino } from "pino";
import { connect } from "#agent/connection.ts";
import { openControl } from "#agent/control.ts";
import { servedCentres } from "#agent/drivers/open.ts";
import { serveCentre } from "#agent/serve-centre.ts";
import { weirHome } from "#local/home.ts";

/**
 * The agent of a centre; of several where they are simulated. It opens no port, takes no code from the server, and
 * knows neither prices nor other centres.
 */
const agentVersion = "0.1.0";
const log = pino({ name: "weir-agent" });

const home = weirHome();
const control = openControl(process.env);
const serverUrl = process.env.WEIR_SERVER_URL;
if (serverUrl === undefined)
  throw new Error("WEIR_SERVER_URL is not set: the address of the network's server, such as https://weir.example");

const connection = connect(serverUrl);
const centres = servedCentres(process.env, home.agent.folder);
const waiting = new Set(centres);
const statuses = await Promise.all(
  centres.map((centre) =>
    serveCentre({
      centre,
      connection,
      control,
      agentVersion,
      log: centre.name === null ? log : log.child({ centre: centre.name }),
      onReady: () => {
        if (waiting.delete(centre) && waiting.size === 0) control.ready();
      },
    }),
  ),
);
connection.close();
control.close();
process.exit(Math.max(...statuses));
