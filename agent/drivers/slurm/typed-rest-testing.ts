import { once } from "node:events";
import { chmodSync } from "node:fs";
import { createServer, type IncomingMessage, request } from "node:http";
import { constants } from "node:os";
import * as z from "zod";

/**
 * For tests: a slurmrestd of the data parser's time (v0.0.40 and later) as its source and documents have it, on a unix socket.
 * NOT RUN LIVE: behind it is a real slurmrestd of Slurm 22.05, whose v0.0.38 it speaks. So the jobs, their ends and refusals
 * are real, and the shapes are documented ones: numbers as `{set, infinite, number}`, states as lists, exit codes with their
 * parts, an environment that is a list. A request that is not of the documented form is answered with 400 and counted.
 *
 * Shapes: JOB_SUBMIT_REQ, JOB_DESC_MSG, JOB_INFO, OPENAPI_JOB_SUBMIT_RESPONSE and OPENAPI_ERROR in Slurm's own
 * src/plugins/data_parser/v0.0.40/parsers.c, and the schemas of its OpenAPI documents of v0.0.40 and v0.0.42, which agree in all
 * that is used here.
 */
export type TypedRest = {
  readonly socket: string;
  /** What was wrong with requests, one line each. */
  readonly complaints: readonly string[];
  /** `METHOD path`, of all that came. */
  readonly heard: readonly string[];
  readonly close: () => Promise<void>;
};

type TypedVersion = "v0.0.40" | "v0.0.41" | "v0.0.42";

export async function startTypedRest(target: string, version: TypedVersion, socket: string): Promise<TypedRest> {
  const heard: string[] = [];
  const complaints: string[] = [];
  const server = createServer((asked, answer) => {
    void serve(asked).then(
      ({ status, body }) => {
        const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
        const type = typeof body === "string" ? "text/plain" : "application/json";
        answer.writeHead(status, { "content-type": type, "content-length": bytes.length }).end(bytes);
      },
      () => answer.destroy(),
    );
  });

  async function serve(asked: IncomingMessage): Promise<Answer> {
    const [method, path] = [asked.method ?? "GET", asked.url ?? "/"];
    heard.push(`${method} ${path}`);
    const sent = await bytesOf(asked);
    if (path === "/openapi/v3") {
      const theirs = await pass(method, path, asked.headers);
      const paths = ["job/submit", "job/{job_id}", "jobs/", "ping/"].map((one) => [`/slurm/${version}/${one}`, {}]);
      return theirs.status === 200
        ? { status: 200, body: { openapi: "3.0.3", paths: Object.fromEntries(paths) } }
        : theirs;
    }
    const rest = path.startsWith(`/slurm/${version}/`) ? path.slice(`/slurm/${version}/`.length) : null;
    if (rest === null) return { status: 404, body: "Unable find requested URL." };
    const there = `/slurm/v0.0.38/${rest}`;
    if (rest !== "job/submit") return typed(await pass(method, there, asked.headers), rest);
    const parsed = submission.safeParse(jsonOf(sent));
    if (!parsed.success) {
      complaints.push(`${path}: ${z.prettifyError(parsed.error)}`);
      const words = { error_number: 9202, error: "Unspecified data parse error", source: "data_parser" };
      return { status: 400, body: answerOf({}, [{ ...words, description: z.prettifyError(parsed.error) }]) };
    }
    const body = JSON.stringify({ script: parsed.data.script, job: plainJob(parsed.data.job) });
    return typed(await pass(method, there, asked.headers, body), rest);
  }

  function pass(method: string, path: string, headers: IncomingMessage["headers"], body?: string): Promise<Answer> {
    const { hostname, port } = new URL(target);
    const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
    const passed = request({ host: hostname, port, method, path, headers: { ...headers, ...length } });
    passed.end(body);
    return new Promise((resolve, reject) => {
      passed.on("error", reject);
      passed.on("response", (theirs: IncomingMessage) => {
        bytesOf(theirs).then((bytes) => {
          resolve({ status: theirs.statusCode ?? 500, body: jsonOf(bytes) ?? bytes.toString() });
        }, reject);
      });
    });
  }

  function typed({ status, body }: Answer, rest: string): Answer {
    const parsed = plainAnswer.safeParse(body);
    if (!parsed.success) return { status, body };
    const { jobs, pings, errors, job_id, job_submit_user_msg } = parsed.data;
    const told = errors.map((one) => ({
      description: one.description ?? "",
      error_number: one.error_number ?? one.error_code ?? 0,
      error: one.error ?? "",
      source: one.source ?? "slurm_api",
    }));
    // Later versions give what is not there its own status.
    const isMissing = version !== "v0.0.40" && told.some(({ error_number }) => error_number === 2017);
    const fields =
      rest === "job/submit" && job_id !== undefined
        ? submitted(job_id, job_submit_user_msg ?? "", version)
        : {
            ...(jobs && { jobs: jobs.map(typedJob), last_update: number(1), last_backfill: number(0) }),
            ...(pings && {
              pings: pings.map(({ hostname }) => ({ hostname, pinged: "UP", latency: 1, mode: "primary" })),
            }),
          };
    return { status: isMissing ? 404 : status, body: answerOf(fields, told) };
  }

  function answerOf(fields: object, errors: readonly object[]): object {
    const plugin = {
      type: "openapi/slurmctld",
      name: "Slurm OpenAPI slurmctld",
      data_parser: `data_parser/${version}`,
    };
    const meta = { plugin, client: { source: socket }, slurm: { version: { major: "0", micro: "0", minor: "0" } } };
    return { ...fields, meta, errors, warnings: [] };
  }

  server.listen(socket);
  await once(server, "listening");
  chmodSync(socket, 0o666);
  return {
    socket,
    complaints,
    heard,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Answer = { readonly status: number; readonly body: object | string };

// --- a submission, as JOB_SUBMIT_REQ and JOB_DESC_MSG have it: of its fields those that Weir has a use for

const set = z.strictObject({ set: z.literal(true), infinite: z.literal(false), number: z.int().min(0) });
const submission = z.strictObject({
  script: z.string().startsWith("#!"),
  job: z.strictObject({
    account: z.string().optional(),
    array: z.string().optional(),
    comment: z.string(),
    constraints: z.string().optional(),
    cpus_per_task: z.int(),
    current_working_directory: z.string().startsWith("/"),
    /** TIMESTAMP: a number, and no text for sbatch. */
    deadline: z.int().min(1),
    environment: z.array(z.string().regex(/^\w+=/)).min(1),
    licenses: z.string().optional(),
    memory_per_node: set.optional(),
    name: z.string(),
    /** JOB_DESC_MSG_NODES: text, as sbatch takes it. */
    nodes: z.string().regex(/^\d+(-\d+)?$/),
    open_mode: z.array(z.enum(["APPEND", "TRUNCATE"])).length(1),
    partition: z.string(),
    qos: z.string().optional(),
    required_nodes: z.array(z.string()).optional(),
    requeue: z.boolean(),
    reservation: z.string().optional(),
    standard_input: z.string(),
    standard_output: z.string(),
    tasks: z.int(),
    tasks_per_node: z.int().optional(),
    time_limit: set,
    tres_per_node: z
      .string()
      .regex(/^gres\/[^,/]+(,gres\/[^,/]+)*$/)
      .optional(),
  }),
});

/** The same for v0.0.38, by sbatch's options. */
function plainJob(job: z.infer<typeof submission>["job"]): object {
  const {
    nodes,
    memory_per_node,
    time_limit,
    deadline,
    requeue,
    open_mode,
    tres_per_node,
    required_nodes,
    environment,
    ...same
  } = job;
  return {
    ...same,
    nodes: Number(nodes),
    time_limit: time_limit.number,
    deadline: `uts${deadline}`,
    ...(memory_per_node && { memory_per_node: memory_per_node.number }),
    ...(requeue ? { requeue } : { no_requeue: true }),
    open_mode: open_mode[0]?.toLowerCase(),
    ...(tres_per_node && { gres: tres_per_node.replace(/(^|,)gres\//g, "$1") }),
    ...(required_nodes && { nodelist: required_nodes.join(",") }),
    environment: Object.fromEntries(
      environment.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]),
    ),
  };
}

/** v0.0.42 has no `result` any more. */
function submitted(jobId: number, words: string, version: TypedVersion): object {
  const result = { job_id: jobId, step_id: "batch", error_code: 0, error: "No error", job_submit_user_msg: words };
  return { ...(version !== "v0.0.42" && { result }), job_id: jobId, step_id: "batch", job_submit_user_msg: words };
}

// --- what v0.0.38 says, and how the data parser would say it

const plainJobInfo = z.looseObject({ job_state: z.string(), exit_code: z.number().default(0) });
const plainError = z.looseObject({
  error: z.string().nullish(),
  description: z.string().nullish(),
  source: z.string().nullish(),
  error_number: z.number().optional(),
  error_code: z.number().optional(),
});
const plainAnswer = z.looseObject({
  errors: z.array(plainError).default([]),
  jobs: z.array(plainJobInfo).optional(),
  pings: z.array(z.looseObject({ hostname: z.string() })).optional(),
  job_id: z.number().optional(),
  job_submit_user_msg: z.string().nullish(),
});

function typedJob(job: z.infer<typeof plainJobInfo>): object {
  const numbers = Object.entries(job).flatMap(([name, value]) =>
    quantities.has(name) && (typeof value === "number" || value === null) ? [[name, number(value)]] : [],
  );
  return {
    ...job,
    ...Object.fromEntries(numbers),
    job_state: typedState(job.job_state, job.exit_code),
    exit_code: typedExit(job.exit_code),
    derived_exit_code: typedExit(typeof job.derived_exit_code === "number" ? job.derived_exit_code : 0),
  };
}

/** Those of JOB_INFO that are a number or none. */
const quantities: ReadonlySet<string> = new Set([
  ...["accrue_time", "array_job_id", "array_max_tasks", "array_task_id", "billable_tres", "cores_per_socket", "cpus"],
  ...["cpus_per_task", "deadline", "delay_boot", "eligible_time", "end_time", "het_job_id", "het_job_offset"],
  ...["last_sched_evaluation", "max_cpus", "max_nodes", "memory_per_cpu", "memory_per_node", "minimum_cpus_per_node"],
  ...["minimum_tmp_disk_per_node", "node_count", "pre_sus_time", "preempt_time", "priority", "resize_time"],
  ...["sockets_per_node", "start_time", "submit_time", "suspend_time", "tasks", "tasks_per_board", "tasks_per_core"],
  ...["tasks_per_node", "tasks_per_socket", "threads_per_core", "time_limit", "time_minimum"],
]);

function number(value: number | null): object {
  return { set: value !== null, infinite: false, number: value ?? 0 };
}

/** A base state, and what it is on its way through; v0.0.38 says the latter alone. */
function typedState(said: string, exitCode: number): readonly string[] {
  if (said === "COMPLETING") return [exitCode === 0 ? "COMPLETED" : "FAILED", said];
  return said === "CONFIGURING" ? ["RUNNING", said] : [said];
}

/** PROCESS_EXIT_CODE_VERBOSE of a raw wait status. */
function typedExit(raw: number): object {
  const [code, signal] = [(raw >> 8) & 255, raw & 127];
  return {
    status: [signal > 0 ? "SIGNALED" : code > 0 ? "ERROR" : "SUCCESS"],
    return_code: number(signal > 0 ? null : code),
    signal: { id: number(signal > 0 ? signal : null), name: signalName(signal) },
  };
}

function signalName(signal: number): string {
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? "";
}

function jsonOf(bytes: Buffer): object | null {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part);
  return Buffer.concat(parts);
}
