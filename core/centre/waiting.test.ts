import assert from "node:assert/strict";
import { test } from "node:test";
import { cancelWords, isNewReason, waitWords } from "#core/centre/waiting.ts";

const priority = { reason: "Priority", reasonKind: "priority" };
const unknown = { reason: "FullMoon", reasonKind: null };
const none = { reason: null, reasonKind: null };

test("a kind has words in both languages, the engine's own beside them; a word that nobody knows is shown as it came", () => {
  assert.equal(waitWords(priority, "en"), "other work comes first in the centre's own queue (Priority)");
  assert.equal(waitWords(priority, "zh"), "本地队列中有更优先的作业（Priority）");
  assert.equal(waitWords(unknown, "zh"), "FullMoon");
  assert.equal(waitWords({ reason: "Eclipse", reasonKind: "a-kind-of-a-later-agent" }, "en"), "Eclipse");
  assert.equal(waitWords(none, "en"), "the centre gives no reason");
});

test("the history tells of a reason only when its kind changes", () => {
  assert(isNewReason(null, none));
  assert(!isNewReason(priority, priority));
  assert(
    !isNewReason(
      { reason: "QOSGrpNodeLimit", reasonKind: "qos-limit" },
      { reason: "QOSJobLimit", reasonKind: "qos-limit" },
    ),
  );
  assert(isNewReason(priority, { reason: "Resources", reasonKind: "resources" }));
  assert(isNewReason(none, priority));
  assert(isNewReason(unknown, { reason: "NewMoon", reasonKind: null }));
});

test("an end that was asked for says what it waits for; a word of a later agent is shown as it came", () => {
  assert.equal(cancelWords(null, "en"), "was asked to end");
  assert.match(cancelWords("credential", "en"), /^was asked to end: it waits until its user has lent .*weir-delegate/);
  assert.match(cancelWords("credential", "zh"), /^已请求结束：.*weir-delegate/);
  assert.equal(cancelWords("a moon", "zh"), "已请求结束：a moon");
});
