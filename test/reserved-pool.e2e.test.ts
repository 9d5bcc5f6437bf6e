import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { requires } from "../tools/requirement.ts";
import { type Clusters, startClusters } from "../tools/slurm/clusters.ts";
import { eventually, type Network, startNetwork } from "./network.ts";
import { joinSlurm, type SlurmCentre } from "./slurm-centre.ts";

// A reservation that is all that the network has of a real cluster (docs/decisions/0077), as somebody who submits sees it:
// not there, to come, too short, and then it runs there.

describe("a pool that is a reservation", { skip: requires("root", "slurm", "sudo") }, () => {
  let clusters: Clusters;
  let network: Network;
  let centre: SlurmCentre;
  before(async () => {
    [clusters, network] = await Promise.all([
      startClusters({ only: ["jinan"] }),
      startNetwork({ env: { WEIR_LOCAL_CORES: "1" } }),
    ]);
    const site = { partitions: [], pools: { night: { partition: "accel", reservation: "weir" } } };
    centre = await joinSlurm(network, clusters, "jinan", {}, site, ["reservation weir"]);
    centre.start();
    await centre.connected();
  });
  after(async () => {
    await centre?.remove();
    await network?.remove();
    await clusters?.stop();
  });

  async function scontrol(...words: readonly string[]): Promise<void> {
    const { status, stderr } = await centre.cluster.run("root", ["scontrol", ...words]);
    assert.equal(status, 0, stderr);
  }
  const reserve = (starts: string) =>
    scontrol(
      "create",
      "reservation",
      "reservationname=weir",
      `starttime=${starts}`,
      "duration=30",
      "nodes=jinan1",
      "users=weirt-li",
    );
  async function submit(...words: readonly string[]): Promise<string> {
    const asked = ["submit", "--centre", "jinan", "--mem=64M", "--parsable", "-Q", ...words];
    const { status, stdout, stderr } = await network.weir([
      ...asked,
      "--",
      "sh",
      "-c",
      "echo in $SLURM_JOB_RESERVATION",
    ]);
    assert.equal(status, 0, stderr);
    return stdout.trim();
  }
  const why = (job: string, words: RegExp, language = "en") =>
    eventually(`weir why says ${words}`, async () => {
      const { stdout } = await network.weir(["why", job, `--lang=${language}`]);
      return words.test(stdout) ? stdout : null;
    });

  test("what waits for it says what for, and runs there in its time", async () => {
    const short = await submit("--time=5", "--partition=night");
    await why(short, /pool night is a reservation of the centre's, and its Slurm shows none of that name/);
    await why(short, /资源池 night 是该中心的一个预留/, "zh");

    await reserve("now+3600");
    await why(short, /the nodes of pool night are reserved for the network from /);
    await why(short, /资源池 night 的节点自 .* 起才为算力网保留/, "zh");
    assert.match((await network.weir(["centre", "show", "jinan"])).stdout, /night: reserved +20\d\d-/);

    await scontrol("delete", "reservation=weir");
    await reserve("now");
    const ended = await eventually("it has ended", async () => {
      const shown = JSON.parse((await network.weir(["show", short, "--json"])).stdout);
      return shown.state === "ended" ? shown : null;
    });
    assert.equal(ended.outcome.kind, "succeeded");
    assert.equal((await network.weir(["logs", short])).stdout, "in weir\n");
    const long = await submit("--time=60");
    await why(long, /asks for 1 h, and the nodes of pool night are reserved for the network for (?:29|30) min/);
    // What it waits for keeps nobody from the nodes who is over in time.
    const other = await submit("--time=5");
    await eventually("it has ended too", async () =>
      JSON.parse((await network.weir(["show", other, "--json"])).stdout).state === "ended" ? true : null,
    );
  });
});
