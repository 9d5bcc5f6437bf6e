import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Copies `weir-as`, `weir-run` and the Perl modules they use into a folder, with the path of the policy fixed in
 * `weir-as`. Returns the path of `weir-as`. For the helper to work, all of it and every folder above has to be root's.
 * `source` is the folder `agent` of a Weir installation.
 */
export function placeHelper(place: {
  readonly folder: string;
  readonly policyPath: string;
  readonly source?: string;
}): string {
  const source = place.source ?? dirname(import.meta.dirname);
  if (!/^\/[\w.@+/-]+$/.test(place.policyPath)) throw new Error(`not a path for a policy: ${place.policyPath}`);
  placeModules(place.folder, source);
  const program = join(place.folder, "weir-as");
  const text = readFileSync(join(source, "helper", "weir-as"), "utf8");
  const fixed = text.replace(policyLine, `use constant POLICY  => '${place.policyPath}';`);
  if (!policyLine.test(text)) throw new Error("weir-as does not say where its policy is");
  writeFileSync(program, fixed);
  chmodSync(program, 0o755);
  return program;
}

/**
 * For a site where users lend their own tokens: `weir-by-token`, which the agent runs as itself, and `weir-delegate` for the
 * users, who trust it as they trust whose it is. Returns their paths.
 */
export function placeByToken(place: { readonly folder: string; readonly source?: string }): {
  readonly program: string;
  readonly delegate: string;
} {
  const source = place.source ?? dirname(import.meta.dirname);
  placeModules(place.folder, source);
  const [program, delegate] = [join(place.folder, "weir-by-token"), join(place.folder, "weir-delegate")];
  copyFile(join(source, "helper", "weir-by-token"), program, 0o755);
  copyFile(join(source, "helper", "weir-delegate"), delegate, 0o755);
  return { program, delegate };
}

/** The wrapper that nodes run, and the Perl modules of all of them. */
function placeModules(folder: string, source: string): void {
  const modules = join(folder, "lib", "Weir");
  mkdirSync(modules, { recursive: true, mode: 0o755 });
  for (const name of readdirSync(join(source, "helper", "lib", "Weir"))) {
    copyFile(join(source, "helper", "lib", "Weir", name), join(modules, name), 0o644);
  }
  for (const name of sharedModules) {
    copyFile(join(source, "launcher", "lib", "Weir", name), join(modules, name), 0o644);
  }
  copyFile(join(source, "helper", "weir-run"), join(folder, "weir-run"), 0o644);
}

/** Those of the launcher's modules that the helper and its wrapper use too. */
const sharedModules = ["Frame.pm", "Kernel.pm", "Record.pm"];

const policyLine = /^use constant POLICY +=> '[^']*';$/m;

function copyFile(from: string, to: string, mode: number): void {
  copyFileSync(from, to);
  chmodSync(to, mode);
}
