import assert from "node:assert/strict";
import { test } from "node:test";
import { weirHome } from "./home.ts";

test("home is root's or the user's, unless WEIR_HOME says otherwise", () => {
  assert.equal(weirHome({}, 0).folder, "/var/lib/weir");
  assert.equal(weirHome({ HOME: "/home/mei" }, 1000).folder, "/home/mei/.local/share/weir");
  assert.equal(
    weirHome({ HOME: "/home/mei", XDG_DATA_HOME: "/elsewhere" }, 1000).folder,
    "/home/mei/.local/share/weir",
  );
  assert.equal(weirHome({ WEIR_HOME: "" }, 0).folder, "/var/lib/weir");
  assert.equal(weirHome({ WEIR_HOME: "/srv//weir/" }, 0).folder, "/srv/weir");
  assert.equal(weirHome({ WEIR_HOME: "/srv/weir" }, 0).launcher.socket, "/srv/weir/launcher/launcher.sock");
});

test("the port is 8470, or what WEIR_PORT says", () => {
  assert.equal(weirHome({}, 0).port, 8470);
  assert.equal(weirHome({ WEIR_PORT: "80" }, 0).port, 80);
  assert.equal(weirHome({ WEIR_PORT: "0" }, 0).port, 0);
});

test("what cannot be meant is refused, naming the variable", () => {
  for (const port of ["-1", "65536", "8e3", "http", "1.5", " 80"]) {
    assert.throws(() => weirHome({ WEIR_PORT: port }, 0), /WEIR_PORT must be a number from 1 to 65535/, port);
  }
  for (const home of ["weir", "./weir", "~/weir", "/", "//", "/a\nb"]) {
    assert.throws(() => weirHome({ WEIR_HOME: home }, 0), /WEIR_HOME must/, home);
  }
});
