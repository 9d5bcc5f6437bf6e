import { connect } from "#agent/connection.ts";
import { configurationOf, type SlurmConfiguration } from "#agent/drivers/slurm/configuration.ts";
import { wordsOf } from "#agent/drivers/slurm/slurm-text.ts";
import { readCredential } from "#agent/enrol.ts";
import type { Given } from "./operate.ts";
import { becomeAgent, credentialIn, type Environment } from "./settings.ts";
import { openSlurmSite, type SlurmSite } from "./slurm-site.ts";

/** `warn`: it works, and the operator should know. */
export type Finding = { readonly check: string; readonly verdict: "good" | "warn" | "fail"; readonly words: string };

/** The versions of Slurm that the driver's tests run on, live. */
const testedVersions = { first: "22.05", last: "22.05" } as const;

/** Looks as the agent's user, so that what it finds is what the agent will find. */
export async function doctor(given: Given): Promise<number> {
  const folder = becomeAgent(given.environment);
  const notes: string[] = [];
  const site = openSlurmSite(given.environment, folder, (words) => notes.push(words));
  const findings: Finding[] = [];
  try {
    findings.push(...identity());
    const configuration = await seen("slurm", findings, async () =>
      configurationOf(await site.commands("scontrol", ["show", "config"])),
    );
    if (configuration) findings.push(...ofSlurm(configuration), ...(await ofEngine(site, configuration)));
    findings.push(...(await ofHelper(site, configuration)), ...ofAccounts(site));
    findings.push(...(await ofServer(given.environment)), ofCredential(folder));
  } finally {
    site.engine.close();
  }
  const failed = findings.filter(({ verdict }) => verdict === "fail").length;
  if (given.has("json")) given.print(JSON.stringify({ findings, failed, tested: testedVersions }, null, 2));
  else {
    for (const { check, verdict, words } of findings)
      given.print(`${verdict.padEnd(4)}  ${check.padEnd(12)}  ${words}`);
    given.print(failed === 0 ? "\nnothing failed" : `\n${failed} failed`);
  }
  return failed === 0 ? 0 : 1;
}

const good = (check: string, words: string): Finding => ({ check, verdict: "good", words });
const warn = (check: string, words: string): Finding => ({ check, verdict: "warn", words });
const fail = (check: string, words: string): Finding => ({ check, verdict: "fail", words });

/** What `look` saw, or its error as a finding and null. */
async function seen<Value>(check: string, findings: Finding[], look: () => Promise<Value>): Promise<Value | null> {
  try {
    return await look();
  } catch (error) {
    findings.push(fail(check, error instanceof Error ? error.message : String(error)));
    return null;
  }
}

function identity(): readonly Finding[] {
  if (process.getuid?.() !== 0) return [good("identity", `uid ${process.getuid?.()}, no right of its own`)];
  return [fail("identity", "the agent would run as root: install it (weir-agent install), or run it as a system user")];
}

/** Pure: what `scontrol show config` says, judged. */
export function ofSlurm(configuration: SlurmConfiguration): readonly Finding[] {
  const { version, privateData, hasAccounting, minJobAgeS, messageTimeoutS, maxArraySize } = configuration;
  const { first, last } = testedVersions;
  const series = version.split(".").slice(0, 2).join(".");
  const range = first === last ? first : `${first} to ${last}`;
  return [
    series >= first && series <= last
      ? good("version", `Slurm ${version}; tested: ${range}`)
      : fail(
          "version",
          `Slurm ${version} is not among what is tested (${range}), and what it answers is not guessed at`,
        ),
    good("cluster", configuration.clusterName || "without a name"),
    hasAccounting
      ? good("accounting", "slurmdbd: ended jobs are looked up there")
      : warn(
          "accounting",
          `none: what ended while the agent was away for more than MinJobAge (${minJobAgeS} s) has only its own record`,
        ),
    minJobAgeS >= (hasAccounting ? 30 : 300)
      ? good("MinJobAge", `${minJobAgeS} s`)
      : warn("MinJobAge", `${minJobAgeS} s: Slurm forgets ended jobs soon; 300 s is its default`),
    messageTimeoutS <= 60
      ? good("MessageTimeout", `${messageTimeoutS} s: a submission in doubt is looked up after it`)
      : warn("MessageTimeout", `${messageTimeoutS} s: a submission in doubt waits that long`),
    maxArraySize > 1
      ? good("MaxArraySize", `${maxArraySize}: greater indices go as plain jobs`)
      : warn("MaxArraySize", `${maxArraySize}: no arrays; each task is a job`),
    privateData.length === 0
      ? good("PrivateData", "none")
      : good("PrivateData", `${privateData.join(",")}: jobs are asked for as their users`),
  ];
}

/** Names of users and paths are left out of what is not this site's own to see. */
async function ofEngine({ site, commands }: SlurmSite, _: SlurmConfiguration): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const beforeMs = Date.now();
  const clock = await seen("clock", findings, async () => /\((\d{9,})\)/.exec(await commands("sdiag", []))?.[1]);
  if (clock) findings.push(clockFinding("clock", "slurmctld", Number(clock) * 1000, beforeMs, Date.now()));
  await seen("partitions", findings, async () => {
    const text = await commands("scontrol", ["--oneliner", "show", "partition"]);
    const all = text.split("\n").flatMap((line) => {
      const words = wordsOf(line);
      const name = words.get("PartitionName");
      return name === undefined ? [] : [{ name, state: words.get("State") ?? "?" }];
    });
    const ours = all.filter(({ name }) => site.partitions?.includes(name) ?? true);
    const missing = (site.partitions ?? []).filter((name) => !all.some((one) => one.name === name));
    if (missing.length > 0)
      findings.push(fail("partitions", `slurm.json names ${missing.join(", ")}, which is not there`));
    const up = ours.filter(({ state }) => state === "UP").map(({ name }) => name);
    findings.push(
      up.length > 0 ? good("partitions", `up: ${up.join(", ")}`) : fail("partitions", "none of the network's is up"),
    );
  });
  return findings;
}

/** Slurm and HTTP tell whole seconds. */
function clockFinding(check: string, of: string, itsMs: number, beforeMs: number, afterMs: number): Finding {
  const offMs = itsMs < beforeMs - 1000 ? itsMs - beforeMs : itsMs > afterMs + 1000 ? itsMs - afterMs : 0;
  const words = `the clock of ${of} is ${offMs === 0 ? "right" : `off by ${Math.round(offMs / 1000)} s`}`;
  if (Math.abs(offMs) > 5000) return fail(check, `${words}; synchronise both (NTP)`);
  return offMs === 0 ? good(check, words) : warn(check, words);
}

async function ofHelper(site: SlurmSite, configuration: SlurmConfiguration | null): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const hello = await seen("helper", findings, () => site.engine.hello());
  if (!hello) return findings;
  findings.push(good("transport", site.engine.transport));
  findings.push(good("policy", `in force; acts for members of ${hello.group} with uid ${hello.minUid} or more`));
  findings.push(
    hello.isStopped
      ? warn("kill switch", "on: nothing new starts (weir-agent resume-new)")
      : good("kill switch", "off"),
  );
  if (configuration?.privateData.includes("jobs") && !hello.allowsLoad)
    findings.push(
      warn(
        "load",
        "PrivateData hides the work of others: estimates say so. `load yes` in the policy lets the helper list it without names",
      ),
    );
  if ((hello.slurmConf ?? null) !== site.site.slurmConf)
    findings.push(
      fail(
        "slurm.conf",
        `the policy says ${hello.slurmConf ?? "Slurm's default"}, slurm.json ${site.site.slurmConf ?? "Slurm's default"}`,
      ),
    );
  return findings;
}

function ofAccounts({ mapping }: SlurmSite): readonly Finding[] {
  const entries = mapping.entries();
  const ready = entries.filter(({ readiness }) => readiness.kind === "ready").length;
  if (entries.length === 0) return [warn("accounts", "nobody of the network has one yet: weir-agent accounts add")];
  const words = `${ready} of ${entries.length} are ready`;
  return [ready === entries.length ? good("accounts", words) : warn("accounts", `${words}: weir-agent accounts`)];
}

async function ofServer(environment: Environment): Promise<readonly Finding[]> {
  const url = environment.WEIR_SERVER_URL;
  if (!url) return [warn("server", "not said yet: weir-agent enrol URL")];
  const findings: Finding[] = [];
  const way = environment.HTTPS_PROXY && url.startsWith("https:") ? ` through ${environment.HTTPS_PROXY}` : "";
  await seen("server", findings, async () => {
    const connection = connect(url, environment);
    try {
      const beforeMs = Date.now();
      // Without a credential it is refused, which is the answer of a server that is there, and changes nothing.
      const answer = await connection.post("/agent/session", {}, null, 15_000);
      const isWeir = answer.kind === "refused" && answer.status === 401;
      if (!isWeir) findings.push(fail("server", `${url}${way} answers, but not as a server of Weir does`));
      else findings.push(good("server", `${url}${way} answers`));
      if (answer.serverMs !== null && isWeir)
        findings.push(clockFinding("clock", "the server", answer.serverMs, beforeMs, Date.now()));
    } finally {
      connection.close();
    }
  });
  return findings;
}

function ofCredential(folder: string): Finding {
  const credential = readCredential(credentialIn(folder));
  if (credential === null) return warn("credential", "none yet: weir-agent enrol URL");
  return good("credential", `of the centre ${credential.centre}, renewed by itself`);
}
