// What apt-get is asked, and what it finds, with one of our own in its place.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { installPackages } from "./debian.ts";

const path = process.env.PATH;
let folder = "";
const place = (name: string) => join(folder, name);
const places = () => ({ lists: place("lists"), policy: place("policy-rc.d") });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-apt-"));
  mkdirSync(place("lists"));
  // Fails as often as the file `fails` says; notes its words, its frontend, and whether a service might be started.
  const program = `#!/bin/sh
cd '${folder}'
./policy-rc.d x start; echo "$DEBIAN_FRONTEND services=$? $*" >> asked
[ "$1" = install ] && [ -e fails ] && rm fails && exit 100
exit 0
`;
  writeFileSync(place("apt-get"), program, { mode: 0o755 });
  process.env.PATH = `${folder}:${path}`;
});

afterEach(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

const asked = () => readFileSync(place("asked"), "utf8").trimEnd().split("\n");
const always = "-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -q";
const update = `noninteractive services=101 update ${always}`;
const install = `noninteractive services=101 install ${always} -y --no-install-recommends -o Dpkg::Use-Pty=0 chromium fonts`;

test("nothing is asked, no service starts, the lock is waited for, and lists at hand are taken as they are", () => {
  writeFileSync(place("lists/deb.example_dists_bookworm_main_binary-amd64_Packages"), "");
  assert.equal(installPackages(["chromium", "fonts"], places()), true);
  assert.deepEqual(asked(), [install]);
  assert.equal(existsSync(place("policy-rc.d")), false, "and it is gone with us");
});

test("lists are fetched where there are none", () => {
  assert.equal(installPackages(["chromium", "fonts"], places()), true);
  assert.deepEqual(asked(), [update, install]);
});

test("lists that are too old are fetched anew, once", () => {
  writeFileSync(place("lists/x_Packages.lz4"), "");
  writeFileSync(place("fails"), "");
  assert.equal(installPackages(["chromium", "fonts"], places()), true);
  assert.deepEqual(asked(), [install, update, install]);
});

test("a policy of the machine's own stays, and goes on deciding", () => {
  writeFileSync(place("lists/x_Packages"), "");
  writeFileSync(place("policy-rc.d"), "#!/bin/sh\nexit 7\n", { mode: 0o755 });
  assert.equal(installPackages(["chromium", "fonts"], places()), true);
  assert.deepEqual(asked(), [install.replace("101", "7")]);
  assert.equal(readFileSync(place("policy-rc.d"), "utf8"), "#!/bin/sh\nexit 7\n");
});
