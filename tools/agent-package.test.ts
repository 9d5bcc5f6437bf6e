import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launcherText, makeAgentPackage } from "./agent-package.ts";

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-package-test-"));
});
after(() => rmSync(folder, { recursive: true }));

test("the package has all that an installation copies, and its SHA-256 beside it", () => {
  const { file, sha256 } = makeAgentPackage(folder);
  assert.equal(createHash("sha256").update(readFileSync(file)).digest("hex"), sha256);
  assert.match(execFileSync("sha256sum", ["--check", `${file}.sha256`], { cwd: folder, encoding: "utf8" }), /: OK\n$/);
  const listed = execFileSync("tar", ["--list", `--file=${file}`], { encoding: "utf8" }).split("\n");
  const helpers = ["weir-as", "weir-run", "weir-by-token", "weir-delegate", "lib/Weir/Policy.pm"];
  for (const path of [
    "weir-agent",
    "node",
    "dist/agent.mjs",
    "LICENSE",
    "agent/launcher/lib/Weir/Frame.pm",
    ...helpers.map((name) => `agent/helper/${name}`),
  ])
    assert.ok(listed.includes(`weir-agent/${path}`), path);
});

/** The launcher on a machine that answers so; null: that command is not there. */
function launchOn(machine: Readonly<Record<"uname -s" | "uname -m" | "getconf" | "perl", string | null>>) {
  const place = mkdtempSync(join(folder, "machine-"));
  const bin = join(place, "bin");
  mkdirSync(bin);
  const put = (path: string, text: string) => writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  const said = (text: string | null) => (text === null ? "exit 1" : `echo '${text}'`);
  put(join(bin, "uname"), `if [ "$1" = -s ]; then ${said(machine["uname -s"])}; else ${said(machine["uname -m"])}; fi`);
  put(join(bin, "getconf"), said(machine.getconf));
  if (machine.perl !== null) put(join(bin, "perl"), "exit 0");
  for (const name of ["dirname", "readlink", "sort", "tail"])
    symlinkSync(execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim(), join(bin, name));
  put(join(place, "node"), 'echo "started with $2"');
  writeFileSync(join(place, "weir-agent"), launcherText("x64"), { mode: 0o755 });
  const { status, stdout, stderr } = spawnSync("/bin/sh", [join(place, "weir-agent"), "install"], {
    env: { PATH: bin },
    encoding: "utf8",
  });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}

test("a machine of another kind, another or too old a C library, and no Perl are refused with the remedy", () => {
  const debian = { "uname -s": "Linux", "uname -m": "x86_64", getconf: "glibc 2.36", perl: "" };
  assert.deepEqual(launchOn(debian), { status: 0, stdout: "started with install", stderr: "" });
  assert.equal(launchOn({ ...debian, getconf: "glibc 2.28" }).status, 0);
  for (const [other, words] of [
    [{ "uname -m": "aarch64" }, /for Linux on x86_64, and this machine is Linux on aarch64: make the package/],
    [{ "uname -s": "FreeBSD" }, /this machine is FreeBSD on x86_64/],
    [{ getconf: null }, /not glibc .* install on a login node with/],
    [{ getconf: "glibc 2.17" }, /has glibc 2\.17, .* needs glibc 2\.28 or later .* install on a login node/],
    [{ perl: null }, /perl is not here.* install perl-base/],
  ] as const) {
    const { status, stdout, stderr } = launchOn({ ...debian, ...other });
    assert.deepEqual([status, stdout], [1, ""], stderr);
    assert.match(stderr, words);
  }
});
