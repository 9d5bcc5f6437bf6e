// Our own rules, those that neither the compiler nor the linter knows: who may import whom, the purity of core/, names of
// files, machine paths, and that documents and decision records speak of what is there. `npm run lint` runs it.

import { readdirSync, readFileSync } from "node:fs";
import { posix, resolve } from "node:path";
import { parseSync } from "vite";

/** The files of a repository: path from its root → text ("" for a file that is no text). */
export type Tree = ReadonlyMap<string, string>;

export type Finding = { readonly path: string; readonly line: number; readonly words: string };

/** All findings, in the order of the files. */
export function tidy(tree: Tree): readonly Finding[] {
  const perFile = [...tree].flatMap(([path, text]) => [
    ...checkName(path),
    ...checkWords(path, text),
    ...(isSource(path) ? checkSource(path, text) : []),
  ]);
  return [...perFile, ...checkArchitecture(tree), ...checkDependencies(tree)];
}

// ---- who may import whom

type Rule = {
  readonly folders: readonly string[];
  /** Packages it may import, "node:" standing for Node's own; "any" where it is free. Tests may import more. */
  readonly packages: readonly string[] | "any";
};

/** The table of ARCHITECTURE.md. A folder that is not named here (tools, test, bench, …) may import what it needs. */
const rules: Readonly<Record<string, Rule>> = {
  core: { folders: [], packages: [] },
  api: { folders: ["core"], packages: ["zod"] },
  server: { folders: ["core", "api"], packages: "any" },
  agent: { folders: ["core", "api"], packages: ["node:", "zod", "pino"] },
  simulator: { folders: ["core"], packages: ["node:"] },
  cli: { folders: ["core", "api", "simulator"], packages: ["node:", "zod", "string-width"] },
  web: { folders: ["core", "api"], packages: "any" },
  local: { folders: ["core", "api"], packages: "any" },
};

/** Small files that know nothing of their folder's business: who else may import each, and why. */
const leaves: readonly { readonly path: string; readonly importers: readonly string[] }[] = [
  // Where home is: one fact for the supervisor and all that it starts.
  { path: "local/home.ts", importers: ["server", "agent", "cli"] },
  // The version is said there, once.
  { path: "package.json", importers: ["server", "agent", "cli"] },
  // Processes of this machine, where their lines go, and files that another of its users has to reach.
  { path: "local/process.ts", importers: ["server", "agent"] },
  { path: "local/log.ts", importers: ["server", "agent"] },
  { path: "local/reach.ts", importers: ["server", "agent"] },
  // What a machine may be said to have: `npm start` refuses what its agent would, before it makes anything.
  { path: "agent/drivers/process/capacity.ts", importers: ["local"] },
  // What a file of simulated centres may say: `weir centre simulate` looks before it registers any.
  { path: "agent/drivers/simulated/description.ts", importers: ["cli"] },
  // The supervisor starts PostgreSQL before the server; what it needs to know of it is with the server's database.
  { path: "server/postgres/", importers: ["local"] },
];

/** What tests beside the code may import besides. */
const testFolders = ["tools", "test"];
const testPackages = ["node:", "fast-check"];

/** `core/scheduling/scenario-testing.ts` and its like serve the tests and count as one of them. */
function isForTests(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || /(^|[/-])testing\.ts$/.test(path);
}

function checkImport(path: string, line: number, target: string): readonly Finding[] {
  const area = topOf(path);
  const rule = rules[area];
  if (rule === undefined) return [];
  const isTest = isForTests(path);
  const inside = insideTarget(path, target);
  if (inside === undefined) {
    const allowed = rule.packages === "any" ? "any" : [...rule.packages, ...(isTest ? testPackages : [])];
    const name = target.startsWith("node:") ? "node:" : packageOf(target);
    if (allowed === "any" || allowed.includes(name)) return [];
    return [{ path, line, words: `${area}/ may not import the package ${target}` }];
  }
  const top = topOf(inside);
  if (top === area || rule.folders.includes(top)) return [];
  if (isTest && testFolders.includes(top)) return [];
  if (leaves.some((leaf) => inside.startsWith(leaf.path) && leaf.importers.includes(area))) return [];
  const may = rule.folders.length === 0 ? "nothing outside itself" : `only ${rule.folders.join(", ")} and itself`;
  return [{ path, line, words: `${area}/ may not import ${inside}: it may import ${may}` }];
}

/** The imported file as a path from the root, or undefined for a package. */
function insideTarget(path: string, target: string): string | undefined {
  if (target.startsWith("#")) return target.slice(1);
  if (target.startsWith(".")) return posix.normalize(posix.join(posix.dirname(path), target));
  return undefined;
}

function packageOf(target: string): string {
  return target.split("/", target.startsWith("@") ? 2 : 1).join("/");
}

// ---- sources: imports, and the purity of core/

/** The parser's nodes, of which only the shape is known. */
type Node = Readonly<Record<string, unknown>> & { readonly type: string; readonly start: number };

function checkSource(path: string, text: string): readonly Finding[] {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) return [{ path, line: 1, words: `cannot be parsed: ${errors[0]?.message}` }];
  const findings: Finding[] = [];
  const pure = topOf(path) === "core" && !isForTests(path);
  const visit = (node: Node, parent: Node | undefined, key: string): void => {
    const target = importedBy(node);
    if (target !== undefined) findings.push(...checkImport(path, lineOf(text, node.start), target));
    const impurity = pure ? impurityOf(node, parent, key) : undefined;
    if (impurity !== undefined) {
      const words = `core/ is pure: ${impurity} has to come as an argument or stay outside`;
      findings.push({ path, line: lineOf(text, node.start), words });
    }
    for (const [name, value] of Object.entries(node)) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, node, name);
    }
  };
  if (isNode(program)) visit(program, undefined, "");
  return findings;
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value
  );
}

function importedBy(node: Node): string | undefined {
  const kinds = [
    "ImportDeclaration",
    "ExportNamedDeclaration",
    "ExportAllDeclaration",
    "ImportExpression",
    "TSImportType",
  ];
  if (!kinds.includes(node.type)) return undefined;
  const { source } = node;
  return isNode(source) && typeof source.value === "string" ? source.value : undefined;
}

const impureNames = [
  ...["Date", "Promise", "performance", "setTimeout", "setInterval", "setImmediate", "queueMicrotask"],
  ...["process", "console", "crypto", "fetch", "globalThis", "navigator", "require"],
];

function impurityOf(node: Node, parent: Node | undefined, key: string): string | undefined {
  if (node.type === "AwaitExpression" || (node.type === "ForOfStatement" && node.await === true)) return "await";
  if (node.async === true) return "an async function";
  if (node.type === "MetaProperty") return "import.meta";
  if (node.type === "MemberExpression" && nameOf(node.object) === "Math" && nameOf(node.property) === "random")
    return "Math.random";
  const name = node.type === "Identifier" ? nameOf(node) : undefined;
  if (name === undefined || !impureNames.includes(name) || parent === undefined) return undefined;
  // A property may be called anything; a variable of such a name would mislead the reader and is found too.
  const isProperty = (key === "property" || key === "key" || key === "right") && parent.computed !== true;
  const owners = [
    "MemberExpression",
    "Property",
    "PropertyDefinition",
    "MethodDefinition",
    "TSPropertySignature",
    "TSMethodSignature",
    "TSQualifiedName",
  ];
  return isProperty && owners.includes(parent.type) ? undefined : name;
}

function nameOf(node: unknown): string | undefined {
  return isNode(node) && typeof node.name === "string" ? node.name : undefined;
}

// ---- names of files

const bannedNames = ["util", "helper", "common", "misc", "type", "manager", "service"];

/** Here the word is the thing's own name: what acts for users at a Slurm centre. */
const trueNames = ["agent/helper"];

/** The only programs that run before, or without, the pinned Node. */
const scripts = ["tools/ensure.mjs", "tools/weir.mjs"];

function checkName(path: string): readonly Finding[] {
  const findings: Finding[] = [];
  const find = (words: string): number => findings.push({ path, line: 1, words });
  const parts = path.split("/");
  for (const [position, part] of parts.entries()) {
    const isFile = position === parts.length - 1;
    // README.md and its like, hidden files, and modules of Perl and scripts of R, whose names their languages give.
    if (/^[A-Z][A-Z_]*(\.\w+)*$/.test(part) || part.startsWith(".") || /\.(pm|R)$/.test(path)) continue;
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/.test(part)) find(`${part} is not written in kebab-case`);
    const base = isFile ? (part.split(".")[0] ?? "") : part;
    const last = (base.split("-").at(-1) ?? "").replace(/s$/, "");
    const isTrueName = trueNames.includes(parts.slice(0, position + 1).join("/"));
    if (bannedNames.includes(last) && !isTrueName) find(`${part} says nothing: name the thing inside`);
    if (isFile && /^index\.tsx?$/.test(part)) find("no index.ts: import the file that has it");
    if (isFile && /\.[cm]?js$/.test(part) && !scripts.includes(path))
      find(`programs are TypeScript; only ${scripts.join(" and ")} are not`);
  }
  return findings;
}

// ---- words

/** Written so that this file does not hold what it looks for. */
const foreignWords: readonly { readonly pattern: RegExp; readonly words: string; readonly inTests: boolean }[] = [
  { pattern: /(^|[\s"'`(=:])\/(wo[r]k|workspa[c]e|Use[r]s|mn[t])\/\w/, words: "a path of one machine", inTests: true },
  { pattern: /\/home\/(?!alice|bob|user|you|\$|<|\{)[a-z]\w*/, words: "a path of one machine", inTests: false },
  { pattern: /\.\.\/share[d]\b/, words: "what lies outside the repository", inTests: false },
  {
    pattern: /bash_job[s]|"resolve[d]": "(?!https:\/\/registry\.npmjs\.org\/)/,
    words: "a place of one machine",
    inTests: true,
  },
];

/** Knows for the tests what lies outside. */
const knowsOutside = ["tools/requirement.ts"];

function checkWords(path: string, text: string): readonly Finding[] {
  const mayLookOutside = isForTests(path) || knowsOutside.includes(path);
  return text.split("\n").flatMap((content, index) => {
    const found = foreignWords.find(({ pattern, inTests }) => pattern.test(content) && (inTests || !mayLookOutside));
    return found === undefined
      ? []
      : [{ path, line: index + 1, words: `names ${found.words}: ${content.trim().slice(0, 100)}` }];
  });
}

// ---- documents that must be true

/** ARCHITECTURE.md names every folder that has sources, and what it names in backticks is there. */
function checkArchitecture(tree: Tree): readonly Finding[] {
  const path = "ARCHITECTURE.md";
  const text = tree.get(path);
  if (text === undefined) return [];
  const tops = new Set([...tree.keys()].filter(isSource).map(topOf));
  const folders = new Set(
    [...tree.keys()].flatMap((file) => file.split("/").map((_, depth, all) => all.slice(0, depth).join("/"))),
  );
  const absent = [...text.matchAll(/`([\w.-]+\/[\w./-]*)`/g)].flatMap((match) => {
    const named = (match[1] ?? "").replace(/\/$/, "");
    if (!tops.has(topOf(named)) || tree.has(named) || folders.has(named)) return [];
    return [{ path, line: lineOf(text, match.index), words: `names ${named}, which is not there` }];
  });
  const unnamed = [...tops].filter((top) => !new RegExp(`(^|[^\\w/])${top}/`, "m").test(text));
  return [...absent, ...unnamed.map((top) => ({ path, line: 1, words: `does not name the folder ${top}/` }))];
}

/** Every dependency has one exact version and is spoken of in a decision record. */
function checkDependencies(tree: Tree): readonly Finding[] {
  const path = "package.json";
  const text = tree.get(path);
  if (text === undefined) return [];
  const parts: Readonly<Record<string, Readonly<Record<string, string>> | undefined>> = JSON.parse(text);
  const records = [...tree].filter(([file]) => /^docs\/decisions\/.*\.md$/.test(file)).map(([, record]) => record);
  const findings: Finding[] = [];
  for (const part of ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"]) {
    for (const [name, version] of Object.entries(parts[part] ?? {})) {
      const line = lineOf(text, text.indexOf(`"${name}"`));
      if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
        findings.push({ path, line, words: `${name} ${version} is not one exact version` });
      const mention = new RegExp(`(^|[^\\w@/.-])${RegExp.escape(name)}($|[^\\w/-])`, "m");
      if (!records.some((record) => mention.test(record)))
        findings.push({ path, line, words: `${name} is in no decision record under docs/decisions` });
    }
  }
  return findings;
}

// ---- small things

function isSource(path: string): boolean {
  return /\.(ts|tsx|mts)$/.test(path);
}

function topOf(path: string): string {
  return path.split("/")[0] ?? "";
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, Math.max(offset, 0)).split("\n").length;
}

function readTree(root: string): Tree {
  const ignored = new Set([".git", "node_modules", "dist", "coverage", ".weir"]);
  const tree = new Map<string, string>();
  const visit = (folder: string): void => {
    for (const entry of readdirSync(resolve(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (ignored.has(entry.name)) continue;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) tree.set(path, textOf(resolve(root, path)));
    }
  };
  visit("");
  return tree;
}

function textOf(path: string): string {
  const bytes = readFileSync(path);
  return bytes.subarray(0, 8_000).includes(0) ? "" : bytes.toString("utf8");
}

if (import.meta.main) {
  const findings = tidy(readTree(resolve(import.meta.dirname, "..")));
  for (const { path, line, words } of findings) console.log(`${path}:${line}: ${words}`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
