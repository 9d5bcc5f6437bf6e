import type { RunOrder } from "#core/run-order.ts";
import { plainBash } from "./modules.ts";

/**
 * The command that runs a program in a container, by Apptainer (https://apptainer.org/docs/user/latest/cli/apptainer_exec.html).
 * `--containall` leaves nothing of the node inside but what is bound: the run's folder, the file systems that the job declared,
 * its cards. The environment is emptied with it, so what the job was given and what Slurm says goes in by name.
 *
 * NOT RUN LIVE: Debian 12 has no Apptainer. Its tests compare the command line that comes of it, and a stand-in takes it on real
 * clusters.
 */
export function containerCommand(
  image: string,
  script: string | null,
  words: readonly string[],
  { order, program, fileSystems }: ContainerPlace & { readonly order: RunOrder },
): readonly [string, ...string[]] {
  const vendor = order.allocation.acceleratorsPerNode > 0 ? order.allocation.acceleratorVendor : null;
  const cards = cardsOf[vendor ?? ""] ?? { option: null, paths: [] };
  const declared = order.demands?.fileSystems ?? [];
  const binds = fileSystems.filter(({ name, path }) => declared.includes(name) || declared.includes(path));
  const paths = [...declared.filter((one) => one.startsWith("/")), ...binds.map(({ path }) => path)];
  return [
    ...plainBash,
    runText,
    "weir-container",
    ...Object.keys(order.environment),
    "--",
    ...new Set(paths),
    ...cards.paths,
    "--",
    program,
    "exec",
    "--containall",
    ...(cards.option === null ? [] : [cards.option]),
    "--",
    `docker://${image}`,
    ...(script === null ? ["command", ...words] : ["script", script, ...words]),
  ];
}

export type ContainerPlace = {
  /** `apptainer`, or where it lies. */
  readonly program: string;
  readonly fileSystems: readonly { readonly name: string; readonly path: string }[];
};

/** The runtimes whose command line this file knows. */
export const containerRuntimes = ["apptainer"] as const;

type Cards = { readonly option: string | null; readonly paths: readonly string[] };

/** What brings the cards of a vendor inside: an option of Apptainer's, or device files and the driver's libraries. */
const cardsOf: Readonly<Record<string, Cards>> = {
  nvidia: { option: "--nv", paths: [] },
  amd: { option: "--rocm", paths: [] },
  hygon: { option: "--rocm", paths: ["/dev/kfd", "/dev/dri", "/opt/hyhal"] },
  huawei: {
    option: null,
    paths: [
      ...Array.from({ length: 16 }, (_, card) => `/dev/davinci${card}`),
      "/dev/davinci_manager",
      "/dev/devmm_svm",
      "/dev/hisi_hdc",
      "/usr/local/Ascend/driver",
      "/usr/local/dcmi",
    ],
  },
};

/** Words: names of variables -- paths to bind where they are there -- runtime and options -- image, kind and program. */
const runText = `
names=() binds=() runtime=()
while [ "$1" != -- ]; do names+=("$1"); shift; done; shift
while [ "$1" != -- ]; do [ -e "$1" ] && binds+=(--bind "$1"); shift; done; shift
while [ "$1" != -- ]; do runtime+=("$1"); shift; done; shift
image=$1 kind=$2; shift 2
program=("$@")
[ "$kind" = script ] && program[0]=$WEIR_WORK/\${program[0]}
for name in "\${names[@]}" "\${!SLURM@}" "\${!WEIR@}" "\${!OMPI_@}" "\${!PMI@}" CUDA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES ASCEND_RT_VISIBLE_DEVICES; do
  [ -n "\${!name+there}" ] && export "APPTAINERENV_$name=\${!name}"
done
exec "\${runtime[@]}" --bind "$WEIR_WORK" "\${binds[@]}" --pwd "$PWD" "$image" "\${program[@]}"
`;
