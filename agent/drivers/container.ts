import type { ContainerRuntime } from "#core/centre/containers.ts";
import type { RunOrder } from "#core/run-order.ts";
import { plainBash } from "./modules.ts";

/**
 * The command that runs a program in a container, by the first of the site's runtimes that its node has
 * (docs/decisions/0078). Inside are the run's folder, the file systems that the job declared and its cards; the variables of
 * the job, of Slurm and of Weir go in by name, and the image's own entry point is passed over.
 *
 * Rootless Podman is run live. NOT RUN LIVE, since Debian 12 has none of them: Apptainer, pyxis and enroot. Their tests
 * compare the command line, and stand-ins take it on real clusters.
 */
export function containerCommand(
  image: string,
  script: string | null,
  words: readonly string[],
  { order, runtimes, fileSystems }: ContainerPlace & { readonly order: RunOrder },
): readonly [string, ...string[]] {
  const vendor = order.allocation.acceleratorsPerNode > 0 ? (order.allocation.acceleratorVendor ?? "") : "";
  const declared = order.demands?.fileSystems ?? [];
  const mounted = fileSystems.filter(({ name, path }) => declared.includes(name) || declared.includes(path));
  const paths = [...declared.filter((one) => one.startsWith("/")), ...mounted.map(({ path }) => path)];
  return [
    ...plainBash,
    runText,
    "weir-container",
    ...runtimes,
    "--",
    ...Object.keys(order.environment),
    "--",
    ...new Set([...paths, ...(cardPaths[vendor] ?? [])]),
    "--",
    vendor,
    ...referenceOf(image),
    ...(script === null ? ["command", ...words] : ["script", script, ...words]),
  ];
}

export type ContainerPlace = {
  /** Those that the site's nodes may have, the first of them that is on a node counts. */
  readonly runtimes: readonly ContainerRuntime[];
  readonly fileSystems: readonly { readonly name: string; readonly path: string }[];
};

/**
 * Registry, name and digest. A tag beside the digest says nothing more, and not every runtime takes both. As everywhere
 * with images, a first part with a dot or a colon, or `localhost`, is a registry.
 */
function referenceOf(image: string): readonly [registry: string, name: string, digest: string] {
  const [tagged = "", digest = ""] = image.split("@");
  const name = tagged.replace(/:[^:/]*$/, "");
  const [first = "", ...rest] = name.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? [first, rest.join("/"), digest] : ["", name, digest];
}

/** By vendor: device files, and what of the driver a program in a container needs, where no option of the runtime brings it. */
const cardPaths: Readonly<Record<string, readonly string[]>> = {
  amd: ["/dev/kfd", "/dev/dri"],
  hygon: ["/dev/kfd", "/dev/dri", "/opt/hyhal"],
  huawei: [
    ...Array.from({ length: 16 }, (_, card) => `/dev/davinci${card}`),
    "/dev/davinci_manager",
    "/dev/devmm_svm",
    "/dev/hisi_hdc",
    "/usr/local/Ascend/driver",
    "/usr/local/dcmi",
  ],
};

/**
 * Words: runtimes -- names of variables -- paths to mount where they are there -- vendor, registry, name, digest, kind and
 * program. Whatever varies stays a word or an element of an array, so nothing has to be quoted; the `w_` keeps it apart from
 * variables of the user's, which go inside with the values they have.
 *
 * Apptainer: `--containall` leaves nothing of the node inside but what is bound
 * (https://apptainer.org/docs/user/latest/cli/apptainer_exec.html).
 *
 * Podman (podman-run(1)): without control groups of its own it stays in those of the job, which only crun can do; its first
 * process would pass over signals that it has no handler for, so catatonit stands before it where it is installed. conmon
 * inherits that TERM is blocked: an end is asked of the whole tree, and without conmon Podman waits 20 s for its word. After a
 * run that was killed with all its processes Podman refuses every call of the user's until it is told to look again, which
 * would stop what runs: so one at a time looks, and tells it only while no conmon of the user's lives. Users and groups are
 * those of the node. Volumes are mounted without devices, which therefore go in as such. NVIDIA's cards come
 * by their CDI description, else by the hook of its toolkit, which reads the variable.
 *
 * pyxis and enroot (https://github.com/NVIDIA/pyxis, https://github.com/NVIDIA/enroot): an image is REGISTRY#NAME:TAG, and
 * `@` would end a user's name, so the digest goes as the tag, as the registry takes it. The node's /dev is inside. srun ends
 * its step at once on TERM and HUP, and passes on USR1 and USR2.
 */
const runText = `
fail() { echo "weir: $*" >&2; exit 127; }
w_runtimes=() w_names=() w_paths=("$WEIR_WORK") w_given=() w_options=()
while [ "$1" != -- ]; do w_runtimes+=("$1"); shift; done; shift
while [ "$1" != -- ]; do w_names+=("$1"); shift; done; shift
while [ "$1" != -- ]; do [ -e "$1" ] && w_paths+=("$1"); shift; done; shift
w_vendor=$1 w_registry=$2 w_image=$3 w_digest=$4 w_kind=$5; shift 5
w_program=("$@")
[ "$w_kind" = script ] && w_program[0]=$WEIR_WORK/\${w_program[0]}
for w_path in "\${w_paths[@]}"; do
  case $w_path in *[:,[:space:]]*) fail "$w_path cannot be mounted in a container: a colon, a comma or a space is in it" ;; esac
done
if [ "$w_vendor" = nvidia ]; then
  export NVIDIA_VISIBLE_DEVICES=\${NVIDIA_VISIBLE_DEVICES-all} NVIDIA_DRIVER_CAPABILITIES=\${NVIDIA_DRIVER_CAPABILITIES-compute,utility}
fi
for w_name in "\${w_names[@]}" "\${!SLURM@}" "\${!WEIR@}" "\${!OMPI_@}" "\${!PMI@}" CUDA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES ASCEND_RT_VISIBLE_DEVICES NVIDIA_VISIBLE_DEVICES NVIDIA_DRIVER_CAPABILITIES; do
  [ -n "\${!w_name+there}" ] && w_given+=("$w_name")
done

has() {
  case $1 in
    pyxis) srun --help 2> /dev/null | grep -q -e --container-image ;;
    podman) type -P podman > /dev/null && type -P crun > /dev/null ;;
    *) type -P "$1" > /dev/null ;;
  esac
}

by_apptainer() {
  case $w_vendor in nvidia) w_options+=(--nv) ;; amd | hygon) w_options+=(--rocm) ;; esac
  for w_path in "\${w_paths[@]}"; do w_options+=(--bind "$w_path"); done
  for w_name in "\${w_given[@]}"; do export "APPTAINERENV_$w_name=\${!w_name}"; done
  exec apptainer exec --containall "\${w_options[@]}" --pwd "$PWD" "docker://\${w_registry:+$w_registry/}$w_image@$w_digest" "\${w_program[@]}"
}

w_look_again='
  use Fcntl qw(:DEFAULT :flock);
  my $lock;
  my $is_own = sysopen($lock, $ARGV[0], O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600) && (stat $lock)[4] == $>;
  flock $lock, LOCK_EX if $is_own;
  exit if system("podman ps --quiet > /dev/null 2>&1") == 0;
  for (glob "/proc/[0-9]*/status") { open(my $status, "<", $_) or next; exit if join("", <$status>) =~ /^Name:\\s+conmon\\n.*^Uid:\\s+$>\\s/ms }
  system("podman system migrate > /dev/null 2>&1");
'
by_podman() {
  for w_path in catatonit /usr/libexec/podman/catatonit /usr/lib/podman/catatonit /usr/local/libexec/podman/catatonit /usr/libexec/catatonit/catatonit; do
    type -P "$w_path" > /dev/null && w_options+=(--init) && break
  done
  if [ "$w_vendor" = nvidia ] && grep -qsr nvidia.com/gpu /etc/cdi /var/run/cdi; then w_options+=(--device=nvidia.com/gpu=all); fi
  [ -d /dev/shm ] && w_options+=(--volume=/dev/shm:/dev/shm)
  for w_path in "\${w_paths[@]}"; do
    case $w_path in /dev/*) w_options+=("--device=$w_path") ;; *) w_options+=("--volume=$w_path:$w_path") ;; esac
  done
  for w_name in "\${w_given[@]}"; do w_options+=("--env=$w_name"); done
  perl -e "$w_look_again" "\${XDG_RUNTIME_DIR:-/tmp}/weir-podman-$UID"
  exec perl -MPOSIX -e 'sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGTERM)); exec @ARGV' podman --runtime=crun run --rm --cgroups=disabled --network=host --userns=keep-id --group-add=keep-groups \\
    --security-opt=label=disable --log-driver=none --entrypoint= "--workdir=$PWD" "\${w_options[@]}" \\
    "\${w_registry:+$w_registry/}$w_image@$w_digest" "\${w_program[@]}"
}

by_pyxis() {
  local w_mounts=() IFS=,
  for w_path in "\${w_paths[@]}"; do case $w_path in /dev/*) ;; *) w_mounts+=("$w_path:$w_path") ;; esac; done
  exec srun --nodes=1 --ntasks=1 --ntasks-per-node=1 \${SLURMD_NODENAME:+"--nodelist=$SLURMD_NODENAME"} \\
    "--cpus-per-task=\${SLURM_CPUS_ON_NODE:-1}" --cpu-bind=none --input=none --export=ALL \\
    "--container-image=\${w_registry:+$w_registry#}$w_image:$w_digest" "--container-mounts=\${w_mounts[*]}" \\
    "--container-workdir=$PWD" "--container-env=\${w_given[*]}" --no-container-mount-home --no-container-remap-root \\
    --no-container-entrypoint "\${w_program[@]}"
}

by_enroot() {
  local w_box=weir-$WEIR_RUN_ID-$$ w_folder w_status
  w_folder=$(mktemp -d "\${TMPDIR:-/tmp}/weir-enroot.XXXXXX") || fail "no room for an image in \${TMPDIR:-/tmp}"
  trap 'enroot remove --force "$w_box" > /dev/null 2>&1 < /dev/null; rm -rf "$w_folder"' EXIT
  printf '%s\\n' 'cd "$WEIR_FOLDER" && unset WEIR_FOLDER && exec "$@"' > "$w_folder/rc"
  enroot import --output "$w_folder/image.sqsh" "docker://\${w_registry:+$w_registry#}$w_image:$w_digest" >&2 || fail "enroot import $w_image:$w_digest failed"
  enroot create --name "$w_box" "$w_folder/image.sqsh" >&2 || fail "enroot create $w_image:$w_digest failed"
  rm -f "$w_folder/image.sqsh"
  for w_path in "\${w_paths[@]}"; do case $w_path in /dev/*) ;; *) w_options+=(--mount "$w_path:$w_path") ;; esac; done
  for w_name in "\${w_given[@]}"; do w_options+=(--env "$w_name"); done
  for w_name in HUP INT QUIT TERM USR1 USR2; do trap "kill -$w_name \\"\\$w_child\\" 2> /dev/null" "$w_name"; done
  set -m
  enroot start --rc "$w_folder/rc" --env "WEIR_FOLDER=$PWD" "\${w_options[@]}" "$w_box" "\${w_program[@]}" < /dev/null &
  w_child=$!
  set +m
  until wait "$w_child"; w_status=$?; ! kill -0 "$w_child" 2> /dev/null; do :; done
  exit "$w_status"
}

for w_runtime in "\${w_runtimes[@]}"; do has "$w_runtime" && "by_$w_runtime"; done
fail "this node has none of the runtimes for containers that its centre offers: \${w_runtimes[*]}"
`;
