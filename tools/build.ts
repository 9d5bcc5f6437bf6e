// Builds one product into a draft folder; tools/ensure.mjs calls it on the pinned Node and puts the draft in its place.
//
//   build.ts bundles FOLDER start=local/start.ts server=server/main.ts …
//   build.ts web FOLDER web=web/index.html
//
// FOLDER also gets inputs.json: the files of the repository that were read, relative to its root. A change of one of
// them is what makes the product stale.

import { existsSync, globSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Read by every build without being imported. */
const always = ["package.json", "tsconfig.json", "tools/build.ts"];

const [kind, draft, ...entries] = process.argv.slice(2);
if (draft === undefined) throw new Error("build.ts needs a kind and a folder");
try {
  const inputs = kind === "web" ? await buildWeb(draft) : await buildBundles(draft, entries);
  await writeFile(join(draft, "inputs.json"), JSON.stringify([...new Set([...always, ...inputs])].sort()));
} catch (error) {
  // esbuild has printed its errors by now. Those of Vite's parser say all in their message.
  if (!(error instanceof Error && "errors" in error)) console.error(error);
  else if (kind === "web") console.error(error.message);
  process.exitCode = 1;
}

async function buildBundles(folder: string, words: readonly string[]): Promise<readonly string[]> {
  const { build } = await import("esbuild");
  const result = await build({
    absWorkingDir: root,
    entryPoints: words.map((word) => {
      const [out = "", path = ""] = word.split("=");
      return { in: path, out };
    }),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    // Packages in CommonJS call require(), which an ES module does not have.
    banner: { js: 'import{createRequire as r}from"node:module";const require=r(import.meta.url);' },
    define: { "process.env.NODE_ENV": '"production"' },
    // pg-native is an optional native module nobody installs here. swagger-ui reads its pages from its own package at
    // run time, so it stays a package.
    external: ["pg-native", "@fastify/swagger-ui"],
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  return Object.keys(result.metafile.inputs).filter((path) => isOurs(path));
}

async function buildWeb(folder: string): Promise<readonly string[]> {
  const { build } = await import("vite");
  const seen = new Set<string>();
  const web = join(root, "web");
  const config = ["vite.config.ts", "vite.config.mjs"].map((name) => join(web, name)).find((path) => existsSync(path));
  await build({
    root: web,
    configFile: config ?? false,
    // Warnings of packages we do not own would fill a first start; `vite` itself shows them.
    logLevel: "error",
    build: { outDir: join(folder, "web"), emptyOutDir: true },
    plugins: [
      {
        name: "weir-inputs",
        generateBundle() {
          for (const id of this.getModuleIds()) {
            const path = relative(root, id.split("?")[0] ?? "");
            if (isOurs(path) && existsSync(join(root, path))) seen.add(path);
          }
        },
      },
    ],
  });
  // The page, the public folder, the configuration and what it imports (the routes) are read without being modules.
  for (const path of globSync(["web/**/*", "api/**/*.ts"], { cwd: root, withFileTypes: true })) {
    const name = relative(root, join(path.parentPath, path.name));
    if (path.isFile() && !/\.test\.tsx?$/.test(name)) seen.add(name);
  }
  return [...seen];
}

/** Packages are covered by the lockfile; names like `(disabled):…` and virtual modules are no files. */
function isOurs(path: string): boolean {
  return !path.includes("node_modules") && !path.startsWith("..") && !/[:\0]/.test(path) && path !== "";
}
