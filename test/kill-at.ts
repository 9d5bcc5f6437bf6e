// Loaded before the agent (NODE_OPTIONS=--import): it ends its process by SIGKILL right after one step of the submission of
// one job, as a machine does that nobody asked. What the process had written by then stays, as the kernel has it.
//
//   WEIR_KILL_JOB   the job's number
//   WEIR_KILL_AT    a step of `steps` in faults.e2e.test.ts

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";

const step = process.env.WEIR_KILL_AT ?? "";
const run = `"${process.env.WEIR_KILL_JOB}.`;
/** The name of the chunk that has a run of the job, once it is noted; then how far it has come. */
let chunk: string | null = null;
let isNamed = false;

function reached(name: string): void {
  if (name !== step) return;
  writeSync(2, `killed after: ${name}\n`);
  process.kill(process.pid, "SIGKILL");
}

const { writeSync, fdatasyncSync, fdatasync } = fs;

fs.writeSync = ((file: number, data: string | NodeJS.ArrayBufferView, ...more: never[]) => {
  const written = writeSync(file, data as string, ...more);
  const text = String(data);
  if (text.includes('"kind":"intent"') && text.includes(run)) reached("intent noted");
  const line = text.split("\n").find((one) => one.includes('"kind":"chunk"') && one.includes(run));
  if (line) chunk = JSON.parse(line).facts.chunk;
  if (chunk !== null && text.includes('"kind":"engine"') && text.includes(chunk)) {
    isNamed = true;
    reached("id appended");
  }
  return written;
}) as typeof writeSync;

fs.fdatasyncSync = (file) => {
  fdatasyncSync(file);
  if (chunk !== null && !isNamed) reached("chunk noted");
};

fs.fdatasync = ((file: number, done: fs.NoParamCallback) => {
  fdatasync(file, (error) => {
    if (isNamed) reached("id synced");
    done(error);
  });
}) as typeof fdatasync;

const { write } = Socket.prototype;
/** To weir-as, and so to sbatch. */
Socket.prototype.write = function (this: Socket, data: Uint8Array | string, ...more: never[]) {
  const taken = write.call(this, data, ...more);
  if (chunk !== null && Buffer.from(data as Uint8Array).includes(chunk)) reached("sbatch asked");
  return taken;
} as typeof write;

syncBuiltinESMExports();
