import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "#api/client.ts";
import { noOffers } from "#core/centre/engine.ts";
import { joinCentre, ordersOf, smallEngine } from "#server/http/joined-centre-testing.ts";
import { ok, startTestServer, type TestServer } from "#server/http/testing.ts";

let server: TestServer;
let client: Client;
before(async () => {
  server = await startTestServer({ schedules: true });
  client = server.client();
});
after(() => server.stop());

test("where the files of its output are written is said in full at the submission and of each run", async () => {
  const engine = { ...smallEngine, offers: { ...noOffers, runsFolder: "/srv/runs" } };
  const jinan = await joinCentre(server, "jinan", "process", engine);
  const centres = { only: ["jinan"] };
  const script = "#!/bin/sh\n#SBATCH -o %x-%j.out\n";
  const { id, notes } = await ok(client.call("submit", { body: { script, name: "fit", centres } }));
  const path = `/srv/runs/${id}.0.1/work/fit-${id}.out`;
  assert.deepEqual(notes, [`what it prints, errors too, is written to ${path}; weir logs ${id} prints it too`]);
  await ordersOf(jinan, 1);
  const [task] = (await ok(client.call("job", { params: { job: id } }))).firstTasks;
  assert.deepEqual([task?.runs[0]?.stdoutFile, task?.runs[0]?.stderrFile], [path, path]);

  const body = { script, array: "3-4", stdout: "o-%a", stderr: "/dev/null", centres };
  const array = await ok(client.call("submit", { body }));
  assert.deepEqual(array.notes, [
    `standard output is written to /srv/runs/${array.id}.%a.1/work/o-%a; weir logs ${array.id}_INDEX prints it too`,
  ]);
  await ordersOf(jinan, 2);
  const { runs } = await ok(client.call("task", { params: { job: array.id, index: 4 } }));
  assert.deepEqual([runs[0]?.stdoutFile, runs[0]?.stderrFile], [`/srv/runs/${array.id}.4.1/work/o-4`, "/dev/null"]);

  const errors = await ok(client.call("submit", { body: { command: ["true"], stderr: "e", centres } }));
  assert.deepEqual(errors.notes, [
    `standard error is written to /srv/runs/${errors.id}.0.1/work/e; weir logs --stderr ${errors.id} prints it too`,
  ]);

  // Where several centres may take it, or the one does not say where its folders are, the run's own place is all that is known.
  const either = await ok(client.call("submitBulk", { body: { jobs: [{ script, name: "fit" }] } }));
  const [told] = either.jobs;
  assert.match(
    told?.notes[0] ?? "",
    /is written to fit-\d+\.out in the run's own folder at the centre that it goes to/,
  );
  const inFolder = await ok(client.call("submit", { body: { script, workingDirectory: "/tmp/w", name: "fit" } }));
  assert.match(inFolder.notes[0] ?? "", /is written to \/tmp\/w\/fit-\d+\.out;/);
});
