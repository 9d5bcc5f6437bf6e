import { connect } from "#agent/connection.ts";
import { openControl } from "#agent/control.ts";
import { type ServedCentre, servedCentres } from "#agent/drivers/open.ts";
import { serveCentre } from "#agent/serve-centre.ts";
import { weirHome } from "#local/home.ts";
import { openLog } from "#local/log.ts";
import packageFile from "../package.json" with { type: "json" };

export const agentVersion: string = packageFile.version;

/**
 * Serves one centre, or several where they are simulated, until it is told to stop; resolves to the status to end with.
 * Throws with words for the operator where the settings make no sense.
 */
export async function runAgent(environment: Readonly<Record<string, string | undefined>>): Promise<number> {
  const log = openLog({ name: "weir-agent" });
  const home = weirHome(environment);
  const control = openControl(environment);
  const serverUrl = environment.WEIR_SERVER_URL;
  if (serverUrl === undefined)
    throw new Error(
      "WEIR_SERVER_URL is not set: the address of the network's server, such as https://weir.example. `weir-agent enrol URL` sets it.",
    );

  let centres: readonly ServedCentre[];
  try {
    centres = servedCentres(environment, home.agent.folder);
  } catch (error) {
    await control.refused(error instanceof Error ? error.message : String(error));
    throw error;
  }
  const connection = connect(serverUrl, environment);
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
  return Math.max(...statuses);
}
