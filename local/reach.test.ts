import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeHome, rotateLogs } from "./folders.ts";
import { weirHome } from "./home.ts";
import { firstUnreachable, pruneCopies, reachableFor } from "./reach.ts";

// Of another user's rights only root can ask.
const skip = process.getuid?.() === 0 ? false : "needs root";
const stranger = { name: "stranger", uid: 54_321, gid: 54_321 };

let folder: string;
let closed: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "weir-reach-"));
  chmodSync(folder, 0o755);
  closed = join(folder, "closed");
  mkdirSync(join(closed, "clone", "bin"), { recursive: true });
  writeFileSync(join(closed, "clone", "bin", "tool"), "#!/bin/sh\necho works\n", { mode: 0o700 });
  writeFileSync(join(closed, "clone", "other"), "not asked for\n");
  chmodSync(closed, 0o700);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("the first closed part is found, from the top", { skip }, () => {
  assert.deepEqual(firstUnreachable([join(closed, "clone", "bin", "tool")], stranger), {
    at: closed,
    user: "stranger",
  });
  assert.equal(firstUnreachable([folder, "/", join(folder, "not", "there")], stranger), null);
  chmodSync(closed, 0o755);
  assert.deepEqual(firstUnreachable([join(closed, "clone", "bin", "tool")], stranger), {
    at: join(closed, "clone", "bin", "tool"),
    user: "stranger",
  });
  chmodSync(closed, 0o700);
});

test("what cannot be reached is copied once, and anew when it changed; what can, is not", { skip }, () => {
  const said: string[] = [];
  const copy = { into: join(folder, "copies"), name: "tools", onCopy: (to: string) => said.push(to) };
  const reach = () => reachableFor([stranger], join(closed, "clone"), ["bin"], copy);
  const first = reach();
  assert.equal(readFileSync(join(first, "bin", "tool"), "utf8"), "#!/bin/sh\necho works\n");
  const { mode, uid } = statSync(join(first, "bin", "tool"));
  assert.deepEqual([mode & 0o777, uid], [0o755, 0]);
  assert.equal(existsSync(join(first, "other")), false);
  assert.equal(reach(), first);
  assert.deepEqual(said, [first]);
  writeFileSync(join(closed, "clone", "bin", "tool"), "#!/bin/sh\necho works too\n");
  const second = reach();
  assert.notEqual(second, first);
  assert.equal(existsSync(first), true, "somebody may still run it");

  const old = new Date(Date.now() - 1e9);
  for (const path of [first, second]) utimesSync(path, old, old);
  mkdirSync(join(copy.into, "another-0123456789abcdef"));
  pruneCopies(copy.into, "tools", second, Date.now() - 1e6);
  assert.deepEqual(readdirSync(copy.into).sort(), ["another-0123456789abcdef", second.split("/").at(-1)].sort());

  mkdirSync(join(folder, "open"));
  writeFileSync(join(folder, "open", "file"), "");
  assert.equal(reachableFor([stranger], join(folder, "open"), ["file"], copy), join(folder, "open"));
});

test("a home that the system users cannot reach is refused before it is made, with the cure", { skip }, () => {
  const home = weirHome({ WEIR_HOME: join(closed, "weir") }, 0);
  assert.throws(
    () => makeHome(home, stranger),
    new RegExp(`because ${closed} is closed to them\\.\\nCure: chmod o\\+x ${closed}, or`),
  );
  assert.equal(existsSync(home.folder), false);
});

test("a home that nobody can make is refused, with the cure", () => {
  assert.throws(
    () => makeHome(weirHome({ WEIR_HOME: "/proc/weir/home" }, 0), null),
    /WEIR_HOME cannot be made: ENOENT: .*\/proc\/weir'\.\nCure: choose a folder that you may write with WEIR_HOME/,
  );
});

test("a home of another user is refused, and stays as it is", { skip }, () => {
  const home = weirHome({ WEIR_HOME: join(folder, "theirs") }, 0);
  mkdirSync(home.folder, { mode: 0o711 });
  chownSync(home.folder, stranger.uid, stranger.gid);
  assert.throws(
    () => makeHome(home, stranger),
    /belongs to uid 54321, and you are uid 0\.\nCure: start Weir as its owner/,
  );
  assert.equal(statSync(home.folder).mode & 0o777, 0o711);
});

test("logs are rotated at a start, one old one is kept", () => {
  const home = weirHome({ WEIR_HOME: join(folder, "logs") }, 0);
  mkdirSync(home.log.folder, { recursive: true });
  for (const text of ["first", "second"]) {
    writeFileSync(home.log.server, text);
    rotateLogs(home, 5);
  }
  writeFileSync(home.log.server, "four");
  rotateLogs(home, 5);
  assert.equal(readFileSync(`${home.log.server}.1`, "utf8"), "second");
  assert.equal(readFileSync(home.log.server, "utf8"), "four");
});
