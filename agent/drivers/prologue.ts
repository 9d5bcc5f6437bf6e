import type { InputFile } from "#core/job/spec.ts";
import type { RunOrder } from "#core/run-order.ts";
import { type ContainerPlace, containerCommand } from "./container.ts";
import { plainBash } from "./modules.ts";

/**
 * An order whose program finds its software loaded, or runs in its container (W2, docs/decisions/0018): the user's program is
 * put behind a few lines of bash, which load the modules in the environment that it inherits, whatever its interpreter. A
 * script then lies in `$WEIR_WORK`, as every input file does. An order that demands neither is given back as it is.
 */
export function prepared(order: RunOrder, means: Means): RunOrder {
  const { demands, work } = order;
  if (!demands) return order;
  const { container, software } = demands;
  if (container === null && software.length === 0) return order;
  const script = work.kind === "script" ? scriptFile(work.text, order.inputFiles) : null;
  const words = work.kind === "script" ? work.arguments : work.argv;
  const argv =
    container !== null
      ? containerCommand(container, script?.path ?? null, words, { ...means.container, order })
      : withModules(software, means.moduleInits, script?.path ?? null, words);
  return {
    ...order,
    work: { kind: "command", argv },
    inputFiles: script === null ? order.inputFiles : [...order.inputFiles, script],
  };
}

export type Means = {
  /** Files that define `module` for bash, the first that is on the node counts. */
  readonly moduleInits: readonly string[];
  readonly container: ContainerPlace;
};

type Argv = readonly [string, ...string[]];

function withModules(
  software: readonly string[],
  inits: readonly string[],
  script: string | null,
  words: readonly string[],
): Argv {
  const program = script === null ? ["command", ...words] : ["script", script, ...words];
  return [...plainBash, loadText, "weir-software", ...inits, "--", ...software, "--", ...program];
}

/**
 * All that varies comes as words, so nothing has to be quoted; the `w_` keeps it apart from variables of the user's. Old versions of `module` answer 0 whatever happens, so what is
 * loaded is looked at. A script on a file system that forbids programs is read by the interpreter that it names.
 */
const loadText = `
fail() { echo "weir: $*" >&2; exit 127; }
w_init= w_modules=() w_program=()
while [ "$1" != -- ]; do [ -z "$w_init" ] && [ -r "$1" ] && w_init=$1; shift; done; shift
while [ "$1" != -- ]; do w_modules+=("$1"); shift; done; shift
w_kind=$1; shift
w_program=("$@"); set --
[ "$w_kind" = script ] && w_program[0]=$WEIR_WORK/\${w_program[0]}
[ -n "$w_init" ] || fail "the software \${w_modules[*]} cannot be loaded: this node has no start file of modules"
. "$w_init"
type module > /dev/null 2>&1 || fail "the software \${w_modules[*]} cannot be loaded: $w_init defines no module"
for w_one in "\${w_modules[@]}"; do
  module load "$w_one" || fail "module load $w_one failed"
  case ":\${LOADEDMODULES-}:" in *":$w_one:"* | *":$w_one/"*) ;; *) fail "module load $w_one has not loaded it" ;; esac
done
export BASH_ENV=$w_init
unset -f fail
shopt -s execfail
exec "\${w_program[@]}"
w_status=$?
if [ "$w_status" = 126 ] && [ "$w_kind" = script ] && IFS= read -r w_first < "\${w_program[0]}"; then
  read -r -a w_interpreter <<< "\${w_first#??}"
  exec "\${w_interpreter[@]}" "\${w_program[@]}"
fi
exit "$w_status"
`;

/** Beside the user's own files, under a name that none of them has. */
function scriptFile(text: string, beside: readonly InputFile[]): InputFile {
  let path = ".weir/script";
  for (let at = 1; beside.some((file) => file.path === path || file.path === ".weir"); at += 1)
    path = `.weir-${at}/script`;
  return { path, contentBase64: Buffer.from(text).toString("base64"), executable: true };
}
