// What some suites need beyond Node and the packages. A test that needs something says so by name and is skipped, with
// the reason, where it is absent:
//
//   test("the page shows the job", { skip: requires("chromium", "cjk-font") }, async () => { … });
//
// Call it in the test file itself: the runner reads the names there to know which Debian packages to install.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, globSync, readdirSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Begins the reason of a skip that is a failure where CI=true: it could have been installed. */
export const notInstalled = "not installed: ";

/** A skip for this is a failure where CI=true: who runs that has to run it as root, since nobody else shows the clusters. */
export const rootForSlurm = "needs root, for real Slurm clusters";

/** Returns false where all is there (run the test), else why the test is skipped. For the `skip` of node:test. */
export function requires(...names: readonly RequirementName[]): string | false {
  for (const name of names) {
    const requirement: Requirement = requirements[name];
    if (known.get(name) ?? remember(name, requirement.present())) continue;
    if (name === "root" && names.includes("slurm")) return rootForSlurm;
    const { packages } = requirement;
    return packages.length === 0 ? requirement.words : `${notInstalled}${requirement.words} (${packages.join(", ")})`;
  }
  return false;
}

export type RequirementName = keyof typeof requirements;

type Requirement = {
  /** What is missing, as the reason of a skip says it. */
  readonly words: string;
  /** The Debian packages that bring it; none where it cannot be installed. */
  readonly packages: readonly string[];
  readonly present: () => boolean;
};

export const requirements = {
  chromium: { words: "Chromium", packages: ["chromium"], present: () => chromiumPath() !== undefined },
  "cjk-font": { words: "a Chinese font", packages: ["fonts-wqy-microhei"], present: hasChineseFont },
  python: { words: "Python 3", packages: ["python3-minimal"], present: () => existsSync("/usr/bin/python3") },
  "python-sklearn": {
    words: "scikit-learn",
    packages: ["python3-sklearn"],
    present: () => hasPythonModule("sklearn"),
  },
  "python-matplotlib": {
    words: "matplotlib",
    packages: ["python3-matplotlib"],
    present: () => hasPythonModule("matplotlib"),
  },
  hmmer: {
    words: "HMMER and its tutorial's data",
    packages: ["hmmer", "hmmer-examples"],
    // A Debian that leaves out /usr/share/doc has the programs without the data.
    present: () => commandPath("hmmbuild") !== undefined && existsSync("/usr/share/doc/hmmer/examples/tutorial"),
  },
  r: { words: "R", packages: ["r-base-core"], present: () => commandPath("Rscript") !== undefined },
  // Two real clusters: tools/slurm. Never slurm-wlm-emulator, which takes the place of the real daemons and does not run.
  slurm: {
    words: "Slurm",
    packages: [
      ...["slurmctld", "slurmd", "slurmdbd", "slurmrestd", "slurm-client"],
      ...["slurm-wlm-jwt-plugin", "slurm-wlm-mysql-plugin", "munge", "mariadb-server-core"],
      // my_print_defaults, without which mysql_install_db does nothing: some releases have it among the client's programs.
      "mariadb-client-core",
    ],
    present: hasSlurm,
  },
  sudo: { words: "sudo", packages: ["sudo"], present: () => existsSync("/usr/bin/sudo") },
  // For systemd-analyze alone: no test needs it to run.
  systemd: { words: "systemd", packages: ["systemd"], present: () => existsSync("/usr/bin/systemd-analyze") },
  nginx: { words: "nginx", packages: ["nginx-light"], present: () => existsSync("/usr/sbin/nginx") },
  faketime: { words: "libfaketime", packages: ["libfaketime"], present: () => faketimeLibrary() !== undefined },
  // Rootless: with crun it stays in its job's control groups, uidmap gives it users, and its images are made of busybox.
  podman: {
    words: "Podman",
    packages: ["podman", "crun", "uidmap", "catatonit", "busybox-static"],
    present: () =>
      ["podman", "crun", "newuidmap", "catatonit", "busybox"].every((name) => commandPath(name) !== undefined),
  },
  openmpi: {
    words: "Open MPI and a compiler",
    packages: ["openmpi-bin", "libopenmpi-dev", "gcc", "libc6-dev"],
    present: () => ["mpirun", "mpicc", "gcc"].every((name) => commandPath(name) !== undefined),
  },
  root: { words: "needs root", packages: [], present: () => process.getuid?.() === 0 },
  "ordinary-user": { words: "needs an ordinary user", packages: [], present: () => process.getuid?.() !== 0 },
  shared: { words: "needs ../shared", packages: [], present: () => existsSync(resolve(root, "..", "shared")) },
  accelerator: { words: "needs an accelerator", packages: [], present: hasAccelerator },
} as const satisfies Record<string, Requirement>;

/** The browser that the web suites drive, or undefined. */
export function chromiumPath(): string | undefined {
  return ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"].map(commandPath).find(Boolean);
}

/** The one for programs with threads, or undefined where it is not installed. */
export function faketimeLibrary(): string | undefined {
  return globSync("/usr/lib/*-linux-gnu/faketime/libfaketimeMT.so.1")[0];
}

/** Forgets what was found, after packages were installed. */
export function lookAgain(): void {
  known.clear();
}

const known = new Map<string, boolean>();

function remember(name: string, present: boolean): boolean {
  known.set(name, present);
  return present;
}

function commandPath(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? "/usr/bin:/bin").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

function hasChineseFont(): boolean {
  const answer = spawnSync("fc-list", [":lang=zh", "family"], { encoding: "utf8" });
  return answer.status === 0 && answer.stdout.trim() !== "";
}

/** Of Debian's own Python, which a Debian package is for; another one may come first on PATH. */
function hasPythonModule(name: string): boolean {
  const find = `import importlib.util, sys; sys.exit(importlib.util.find_spec("${name}") is None)`;
  return spawnSync("/usr/bin/python3", ["-c", find]).status === 0;
}

function hasAccelerator(): boolean {
  return readdirSync("/dev").some((name) => /^(nvidia\d|davinci\d|mlu_dev|kfd$|hygon)/.test(name));
}

/** The programs by name; the two plugins by the file, since Slurm says nothing of them before it needs them. */
function hasSlurm(): boolean {
  const programs = [
    "slurmctld",
    "slurmd",
    "slurmdbd",
    "slurmrestd",
    "sbatch",
    "munged",
    "mariadbd",
    "mysql_install_db",
    "my_print_defaults",
  ];
  const plugins = ["auth_jwt.so", "accounting_storage_mysql.so"];
  return (
    programs.every((name) => ["/usr/sbin", "/usr/bin"].some((folder) => existsSync(join(folder, name)))) &&
    plugins.every((name) => globSync(`/usr/lib/*-linux-gnu/slurm-wlm/${name}`).length > 0)
  );
}
