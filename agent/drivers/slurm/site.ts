import { readFileSync } from "node:fs";
import * as z from "zod";
import { paths } from "#agent/install/texts.ts";
import { containerRuntimes } from "#core/centre/containers.ts";

/**
 * What a site says of its Slurm to the agent: a JSON file, by WEIR_SLURM_CONFIG or `slurm.json` in the agent's folder.
 * All but the helper's place can be left out.
 */
const device = z.strictObject({
  vendor: z.string().min(1).max(100),
  model: z.string().min(1).max(100),
  /** The numbers of them that a job may have on one node (Ascend: 1, 2, 4, 8); left out: any. */
  counts: z.array(z.int().min(1)).min(1).max(100).optional(),
});

const words = z.record(z.string().min(1).max(200), z.string().min(1).max(255)).default({});

/** Where slurmrestd listens, as a unix socket or as http://HOST:PORT, and how long it may take for one answer. */
const rest = z
  .strictObject({
    socket: z.string().startsWith("/").nullable().default(null),
    url: z
      .string()
      .regex(/^http:\/\/[^/\s]+\/?$/, "http://HOST:PORT, without a path")
      .nullable()
      .default(null),
    patienceS: z.number().min(1).max(120).default(30),
  })
  .refine(({ socket, url }) => (socket === null) !== (url === null), "either a socket or a url");

/**
 * Users lend the agent their own tokens (weir-delegate), and no weir-as is there: the folder where they meet, the agent's
 * own on a file system that nodes and login nodes share; where tokens are kept; and the program that keeps them.
 */
const delegated = z.strictObject({
  folder: z.string().regex(/^\/[\w.@+/-]{1,200}$/, "an absolute path of plain characters"),
  tokens: z.string().startsWith("/").default(paths.tokens),
  program: z.string().startsWith("/").default(paths.byToken),
});

const slurmWord = z.string().regex(/^[A-Za-z0-9_][\w.@:+-]{0,127}$/, "a word as Slurm names things");

/** Of a partition, what is the network's own: the nodes of a reservation, or what runs under a QoS. */
const namedPool = z
  .strictObject({
    partition: slurmWord,
    reservation: slurmWord.nullable().default(null),
    qos: slurmWord.nullable().default(null),
  })
  .refine(
    ({ reservation, qos }) => reservation !== null || qos !== null,
    'a pool of its own has a "reservation" or a "qos"; a partition is one by "partitions"',
  );

const site = z.strictObject({
  /** Slurm's commands through weir-as, or slurmrestd with tokens that weir-as mints. */
  transport: z.enum(["commands", "rest"]).default("commands"),
  rest: rest.nullable().default(null),
  /** null: weir-as acts for users. */
  delegated: delegated.nullable().default(null),
  /** How weir-as is started. */
  helper: z.tuple([z.string()], z.string()).default(["sudo", "-n", paths.helper, "serve"]),
  /** SLURM_CONF for the agent's own look at nodes and partitions; null: where Slurm looks by itself. */
  slurmConf: z.string().nullable().default(null),
  slurmBin: z.string().default("/usr/bin"),
  /** The mapping's file; null: `mapping.json` in the agent's folder. */
  mapping: z.string().nullable().default(null),
  /** Partitions that are pools of the network; null: all that are not hidden. */
  partitions: z.array(z.string()).nullable().default(null),
  /**
   * Further pools by the names that the network has for them. One that has the name of a partition stands in its place.
   */
  pools: z.record(slurmWord, namedPool).default({}),
  /** The QoS for runs of a pool, such as a preemptible one; a mapping's own goes first. */
  qos: z.record(z.string(), z.string()).default({}),
  /** Vendor and model for a GRES word such as `gpu` or `gpu:a100`, where the table of describe.ts does not know it. */
  devices: z.record(z.string(), device).default({}),
  /** At most so many tasks travel as one array; no more than `max-array` of the policy. */
  mostTasksOfChunk: z.int().min(1).max(100_000).default(1000),
  /** So long the engine has to know nothing of a job that it had before that counts; no less than its own MessageTimeout. */
  forgottenAfterS: z.int().min(10).max(3600).default(60),
  /** The site's table of words (W1): what scripts of the network say, and what it is here. */
  aliases: z
    .strictObject({
      partition: words,
      qos: words,
      constraint: words,
      gres: words,
      licences: words,
      reservation: words,
    })
    .prefault({}),
  /** Modules as `name/version`; null: what `module avail` lists where the agent runs. */
  software: z.array(z.string()).nullable().default(null),
  /** The file that defines `module` for bash on the nodes; null: the usual ones, the first that a node has. */
  moduleInit: z.string().startsWith("/").nullable().default(null),
  /** Runtimes that the nodes have, the one preferred first; null: those that are where the agent runs. */
  containers: z.array(z.enum(containerRuntimes)).nullable().default(null),
  /** Types of MPI that `srun --mpi` knows; null: what srun lists. */
  mpi: z.array(z.string()).nullable().default(null),
  fileSystems: z
    .array(
      z.strictObject({
        name: z.string(),
        path: z.string(),
        shared: z.boolean(),
        purgeDays: z.int().min(0).nullable().default(null),
      }),
    )
    .default([]),
});
export type Site = z.infer<typeof site>;

/** The partitions to which something is sent; null: all that are not hidden. */
export function partitionsUsed({ partitions, pools }: Pick<Site, "partitions" | "pools">): readonly string[] | null {
  return partitions && [...new Set([...partitions, ...Object.values(pools).map(({ partition }) => partition)])];
}

/** Throws with words for the operator; a file that is not there is a site with nothing special to say. */
export function readSite(path: string): Site {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return site.parse({});
    throw error;
  }
  return parseSite(text, path);
}

export function parseSite(text: string, path: string): Site {
  const parsed = site.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
  const { transport, rest, delegated, mostTasksOfChunk } = parsed.data;
  if (delegated !== null && transport !== "rest")
    throw new Error(`${path}: where users lend their own tokens ("delegated"), "transport" is "rest"`);
  if (transport === "rest" && rest === null)
    throw new Error(
      `${path}: transport "rest" needs where slurmrestd listens: "rest": {"socket": "/…"} or {"url": "http://…"}`,
    );
  if (transport === "rest" && mostTasksOfChunk > 1000)
    throw new Error(
      `${path}: mostTasksOfChunk is at most 1000 with transport "rest": more tasks are not listed by REST at once`,
    );
  return delegated === null ? parsed.data : { ...parsed.data, helper: byToken(delegated, parsed.data) };
}

function byToken(
  { program, folder, tokens }: NonNullable<Site["delegated"]>,
  { slurmBin, slurmConf }: Pick<Site, "slurmBin" | "slurmConf">,
): Site["helper"] {
  return [program, "serve", folder, tokens, slurmBin, slurmConf ?? "", paths.stop];
}
