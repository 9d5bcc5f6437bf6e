import assert from "node:assert/strict";
import { test } from "node:test";
import { parseControlLine } from "./program.ts";
import { inherited } from "./supervisor.ts";

test("nothing of npm's and no secret reaches the programs", () => {
  const environment = {
    PATH: "/clone/node_modules/.bin:/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin:relative::/opt/bin:/usr/bin",
    HOME: "/home/mei",
    LC_ALL: "zh_CN.UTF-8",
    WEIR_LOCAL_CORES: "64",
    WEIR_TOKEN: "secret",
    DATABASE_URL: "postgresql://secret",
    AWS_SECRET_ACCESS_KEY: "secret",
    npm_lifecycle_event: "start",
    NODE_OPTIONS: "--inspect",
    INIT_CWD: "/clone",
    UNSET: undefined,
  };
  assert.deepEqual(inherited(environment), {
    HOME: "/home/mei",
    LC_ALL: "zh_CN.UTF-8",
    WEIR_LOCAL_CORES: "64",
    PATH: "/opt/bin:/usr/bin:/usr/local/bin:/bin",
  });
});

test("a line that is no JSON object says nothing; unknown keys and other types are not heard", () => {
  for (const text of ["", "{", "null", "7", '"ready"']) assert.equal(parseControlLine(text), null, text);
  const nothing = { ready: false, url: null, signInUrl: null, token: null, enrolment: null, want: null, refused: null };
  assert.deepEqual(parseControlLine('{"ready":"true","url":7,"later":{}}'), nothing);
  assert.deepEqual(parseControlLine('{"ready":true,"url":"http://a"}'), { ...nothing, ready: true, url: "http://a" });
});
