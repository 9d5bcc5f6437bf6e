import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * Where a public trace or a reference file lies, by its name (`KTH-SP2.swf.gz`, `metrics.csv`): in the folder that
 * WEIR_TRACES names, else beside the repository. Null where it is absent; the test then skips and says so by name. None of
 * them is part of the repository: their terms are their own.
 */
export function traceFile(name: string): string | null {
  const { WEIR_TRACES } = process.env;
  const beside = resolve(import.meta.dirname, "..", "..", "shared", "data");
  const folders = [...(WEIR_TRACES ? [WEIR_TRACES] : []), beside];
  const paths = folders.flatMap((folder) => ["", "traces", "reference"].map((part) => join(folder, part, name)));
  return paths.find((path) => existsSync(path)) ?? null;
}

/** For the option `skip` of a test that needs these files. */
export function skipWithout(...names: readonly string[]): false | string {
  const absent = names.filter((name) => traceFile(name) === null);
  return absent.length === 0 ? false : `no ${absent.join(", ")} (WEIR_TRACES names the folder of the traces)`;
}
