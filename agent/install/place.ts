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
  const modules = join(place.folder, "lib", "Weir");
  mkdirSync(modules, { recursive: true, mode: 0o755 });
  for (const name of readdirSync(join(source, "helper", "lib", "Weir"))) {
    copyFile(join(source, "helper", "lib", "Weir", name), join(modules, name), 0o644);
  }
  for (const name of sharedModules) {
    copyFile(join(source, "launcher", "lib", "Weir", name), join(modules, name), 0o644);
  }
  copyFile(join(source, "helper", "weir-run"), join(place.folder, "weir-run"), 0o644);
  const program = join(place.folder, "weir-as");
  const text = readFileSync(join(source, "helper", "weir-as"), "utf8");
  const fixed = text.replace(policyLine, `use constant POLICY  => '${place.policyPath}';`);
  if (!policyLine.test(text)) throw new Error("weir-as does not say where its policy is");
  writeFileSync(program, fixed);
  chmodSync(program, 0o755);
  return program;
}

/** Those of the launcher's modules that the helper and its wrapper use too. */
const sharedModules = ["Frame.pm", "Kernel.pm", "Record.pm"];

const policyLine = /^use constant POLICY +=> '[^']*';$/m;

function copyFile(from: string, to: string, mode: number): void {
  copyFileSync(from, to);
  chmodSync(to, mode);
}
