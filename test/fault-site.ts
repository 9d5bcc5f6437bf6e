import assert from "node:assert/strict";
import { chmodSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import { createClient, NoAnswer } from "#api/client.ts";
import type { JobDetail } from "#api/job.ts";
import { eventually, type Network } from "./network.ts";
import type { AgentProcess, SlurmCentre } from "./slurm-centre.ts";

// A Slurm centre of a whole network on which faults are played: what is submitted to it, and what must hold of all that
// was, whatever happened meanwhile.

export type Wish = {
  readonly sleepS?: number;
  /** How its only run ends, at the doing of its site or of its user, and whether that is billed. */
  readonly ends?: Ending | null;
  /** It goes on until it is released, however slow the machine. */
  readonly held?: boolean;
  readonly exitCode?: number;
  readonly cores?: number;
  readonly anywhere?: boolean;
};

type Ending = {
  /** One of these. */
  readonly kinds: readonly ("cancelled" | "node-failed" | "lost")[];
  readonly by?: "user" | "centre";
  /** Its program never ran. */
  readonly unbegun?: boolean;
};

/** A centre with the jobs that were submitted to it and not checked yet. */
export type Site = {
  readonly centre: SlurmCentre;
  readonly client: Client;
  readonly agent: () => AgentProcess;
  /** Another one; it is the agent from now on. */
  readonly start: (env?: Readonly<Record<string, string>>) => AgentProcess;
  readonly submit: (wish: Wish) => Promise<number>;
  readonly release: (...ids: readonly number[]) => void;
  /** So many small jobs, one after another, each with an exit code of its own. */
  readonly stream: (count: number, stop?: AbortSignal) => Promise<void>;
  readonly job: (id: number) => Promise<JobDetail>;
  /** As root of the site. */
  readonly asRoot: (...words: readonly string[]) => Promise<string>;
  /** Of what is in the centre's own queue, or runs there. */
  readonly engineId: (job: number) => Promise<string>;
  /** Until it waits in the centre's own queue. */
  readonly queued: (job: number) => Promise<void>;
  readonly cancel: (job: number) => Promise<void>;
  readonly are: (ids: readonly number[], state: JobDetail["state"]) => Promise<void>;
  readonly state: () => Promise<string>;
  readonly history: (
    id: number,
  ) => Promise<readonly { readonly kind: string; readonly atMs: number; readonly cause: string | null }[]>;
  /** The runs that have written their name for this job. */
  readonly marks: (id: number) => readonly string[];
  /** Whether its wrapper has written down its end, of which the agent may not know. */
  readonly hasEnded: (id: number) => boolean;
  readonly revoke: () => Promise<void>;
  readonly enrolment: () => Promise<string>;
  /**
   * Of these, or of all: none lost, none doubled, each booked once, the ledger balanced; resolves to how many there were.
   */
  readonly check: (only?: readonly number[]) => Promise<number>;
};

type Client = ReturnType<typeof createClient>;

export async function openSite(network: Network, centre: SlurmCentre): Promise<Site> {
  const client = createClient({ baseUrl: network.url, token: () => network.token });
  const folderFor = (name: string) => {
    const folder = join(centre.cluster.sharedFolder, name);
    mkdirSync(folder);
    chmodSync(folder, 0o1777);
    return folder;
  };
  const [marksFolder, timesFolder, releases] = [folderFor("marks"), folderFor("times"), folderFor("releases")];
  const submitted = new Map<number, Required<Wish>>();
  const checked = new Set<number>();
  let agent = centre.start();
  let sent = 0;
  await centre.connected();

  async function submit({
    sleepS = 0,
    held = false,
    exitCode = 0,
    cores = 1,
    anywhere = false,
    ends = null,
  }: Wish): Promise<number> {
    const time = `date +%s.%N >> "${timesFolder}/$WEIR_JOB_ID"\n`;
    const waits = held ? `until [ -e "${releases}/$WEIR_JOB_ID" ]; do sleep 0.2; done\n` : "";
    const marked = `echo "$WEIR_RUN_ID" >> "${marksFolder}/$WEIR_JOB_ID"\n${time}${waits}sleep ${sleepS}\n${time}`;
    const name = `${centre.name}-${++sent}`;
    const body = {
      name,
      script: `#!/bin/sh\n${anywhere ? "" : marked}exit ${exitCode}\n`,
      coresPerTask: cores,
      timeLimitS: 1_800,
      memoryMibPerNode: 32,
      ...(!anywhere && { centres: { only: [centre.name] } }),
    };
    const { id } = await ask(client, name, (one) => one.call("submit", { body }, { idempotencyKey: name }));
    submitted.set(id, { sleepS, held, exitCode, cores, anywhere, ends });
    return id;
  }
  async function asRoot(...words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await centre.cluster.run("root", words);
    assert.equal(status, 0, stderr);
    return stdout;
  }
  const job = (id: number) => ask(client, `job ${id}`, (one) => one.call("job", { params: { job: id } }));
  const marks = (id: number) => linesOf(join(marksFolder, String(id)));

  async function checkJob(id: number, { exitCode, anywhere, ends }: Required<Wish>): Promise<void> {
    const ended = await eventually(
      `the end of job ${id}; it is ${JSON.stringify(await job(id).then(({ state, firstTasks }) => [state, firstTasks]))}`,
      async () => job(id).then((seen) => (seen.state === "ended" ? seen : null)),
    );
    const told = `job ${id}: ${JSON.stringify(ended.firstTasks)}`;
    if (ends !== null) {
      const [run, ...others] = ended.firstTasks[0]?.runs ?? [];
      const isBilled = ends.by === "user";
      assert.ok(
        ends.kinds.some((kind) => kind === ended.outcome?.kind),
        told,
      );
      assert.deepEqual([ended.outcome?.by ?? null, run?.billed], [ends.by ?? null, isBilled], told);
      assert.deepEqual([marks(id), others], [ends.unbegun ? [] : [run?.id], []], told);
      assert.equal(ended.usage.wallMs, isBilled ? String(run?.usage?.wallMs) : "0", told);
      return;
    }
    assert.equal(ended.outcome?.exitCode, exitCode, told);
    assert.equal(ended.outcome?.kind, exitCode === 0 ? "succeeded" : "failed", told);
    // What was proved never to have started was placed again, and so is what the centre requeued; one run is billed.
    const runs = ended.firstTasks[0]?.runs ?? [];
    const requeued = runs.filter(({ end }) => end?.kind === "requeued");
    const [run, ...others] = runs.filter(({ end }) => end?.kind !== "withdrawn" && end?.kind !== "requeued");
    assert.deepEqual([run?.billed, others], [true, []], told);
    assert.equal(runs.filter((one) => one.billed).length, 1, told);
    if (!anywhere) assert.deepEqual(marks(id), [...requeued.map((one) => one.id), run?.id], told);
    // By its own clock it went on for so long; a busy node takes its time to begin and end it.
    const [beganS = 0, endedS = 0] = linesOf(join(timesFolder, String(id)))
      .slice(-2)
      .map(Number);
    const wallS = (run?.usage?.wallMs ?? 0) / 1000;
    assert.ok(wallS > endedS - beganS - 1.1 && wallS < endedS - beganS + 30, `${endedS - beganS} s: ${told}`);
    // Slurm gives whole seconds; what is booked is what was used.
    assert.equal(ended.usage.wallMs, String(run?.usage?.wallMs), told);
  }

  return {
    centre,
    client,
    agent: () => agent,
    start: (env) => (agent = centre.start(env)),
    submit,
    release(...ids) {
      for (const id of ids) writeFileSync(join(releases, String(id)), "");
    },
    async stream(count, stop) {
      for (let n = 0; n < count && !stop?.aborted; n += 1) {
        await submit({ sleepS: n % 4 === 0 ? 2 : 0, exitCode: n % 5 });
        await delay(250);
      }
    },
    job,
    asRoot,
    async engineId(id) {
      const { name } = await job(id);
      const lines = (await asRoot("squeue", "-a", "-h", "-o", "%i %j")).split("\n");
      return lines.find((line) => line.includes(` ${name}.weir-`))?.split(" ")[0] ?? assert.fail(lines.join("\n"));
    },
    async queued(id) {
      await eventually(`${id} waits in the centre's own queue`, async () =>
        (await job(id)).firstTasks[0]?.runs[0]?.waiting ? true : null,
      );
    },
    async cancel(id) {
      await ask(client, `the cancel of ${id}`, (one) => one.call("cancel", { params: { job: id }, body: {} }));
    },
    async are(ids, state) {
      for (const id of ids) {
        let last: JobDetail | null = null;
        await eventually(`${id} is ${state}`, async () => {
          last = await job(id);
          return last.state === state ? true : null;
        }).catch((error: unknown) => {
          throw new Error(`${error}; it is ${last?.state}: ${JSON.stringify(last?.firstTasks)}`);
        });
      }
    },
    async state() {
      const { centres } = await ask(client, "the centres", (one) => one.call("centres"));
      return centres.find(({ id }) => id === centre.name)?.state ?? "unknown";
    },
    async history(id) {
      const page = await ask(client, "the history", (one) => one.call("history", { params: { job: id } }));
      return page.events;
    },
    marks,
    hasEnded(id) {
      const [run] = marks(id);
      return run !== undefined && globSync(join(centre.cluster.sharedFolder, `*/.weir/*/${run}-*/ended`)).length > 0;
    },
    async revoke() {
      await ask(client, "revoked", (one) => one.call("revokeCredentials", { params: { centre: centre.name } }));
    },
    async enrolment() {
      const given = await ask(client, "a token", (one) =>
        one.call("addEnrolment", { params: { centre: centre.name }, body: {} }),
      );
      return given.token;
    },
    async check(only = [...submitted.keys()]) {
      for (const id of only) {
        await checkJob(id, submitted.get(id) ?? assert.fail(`${id} was not submitted here`));
        submitted.delete(id);
        checked.add(id);
      }
      const ran = readdirSync(marksFolder).map(Number);
      const unknown = ran.filter((id) => !checked.has(id) && !submitted.has(id));
      assert.deepEqual(unknown, [], "something ran that was never acknowledged");
      const books = await ask(client, "the books", (one) => one.call("ledgerCheck"));
      assert.deepEqual([books.balanced, books.findings], [true, []]);
      return only.length;
    },
  };
}

type Asked<Value> =
  | { readonly kind: "answer"; readonly value: Value }
  | { readonly kind: "problem"; readonly problem: { readonly status: number; readonly detail?: string | undefined } };

/** Until there is an answer: the server may be away. A refusal is thrown. */
export function ask<Value>(
  client: Client,
  what: string,
  call: (client: Client) => Promise<Asked<Value>>,
): Promise<Value> {
  let last: unknown;
  async function asked(): Promise<Value | null> {
    const reply = await call(client).catch((error: unknown) => {
      last = error;
      if (error instanceof NoAnswer) return null;
      throw error;
    });
    if (reply?.kind === "answer") return reply.value;
    if (reply && reply.problem.status < 500) throw new Error(`${what}: ${reply.problem.detail}`);
    if (reply) last = reply.problem;
    return null;
  }
  // A server that is killed again while it starts is away for as long as a busy machine takes to start it.
  return eventually(`an answer about ${what}`, asked).catch((error: unknown) => {
    throw new Error(`${error}; last there was ${inspect(last)}`);
  });
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").trim().split("\n");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
