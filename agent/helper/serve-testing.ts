import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { encodeFrame, type Field, type Frame, frameReader } from "#agent/drivers/process/frame.ts";
import { placeHelper } from "#agent/install/place.ts";

/** Why the helper cannot be tried here, or false: it is root's, and acts as real users. */
export const skip = process.getuid?.() !== 0 && "the helper acts as other users, which only root can";

/** A `weir-as serve`, to be asked; answers as text by name (lists joined by line ends in `all`). `close` throws where Perl warned. */
export type Helper = {
  readonly ask: (verb: string, fields: readonly Field[]) => Promise<Answer>;
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** What it has printed that is no answer. */
  readonly errors: () => string;
  readonly close: () => Promise<void>;
};
export type Answer = {
  readonly get: (name: string) => string;
  readonly all: (name: string) => readonly string[];
  readonly frame: Frame;
};

export function openHelper(command: readonly [string, ...string[]]): Helper {
  const [program, ...words] = command;
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (bytes: Buffer) => {
    errors += bytes;
    process.stderr.write(bytes);
  });
  const waiting = new Map<string, PromiseWithResolvers<Answer>>();
  const read = frameReader();
  child.stdout.on("data", (bytes: Buffer) => {
    for (const frame of read(bytes)) {
      const answer = answerOf(frame);
      waiting.get(answer.get("re"))?.resolve(answer);
    }
  });
  child.on("exit", () => {
    for (const one of waiting.values()) one.reject(new Error("the helper has ended"));
  });
  child.stdin.on("error", () => {});
  let asked = 0;
  return {
    child,
    errors: () => errors,
    ask(verb, fields) {
      const re = String(++asked);
      const one = Promise.withResolvers<Answer>();
      waiting.set(re, one);
      child.stdin.write(encodeFrame([["verb", verb], ["re", re], ...fields]));
      return one.promise;
    },
    async close() {
      child.stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      const [warning] = /^.* at \S+ line \d+\.$/m.exec(errors) ?? [];
      if (warning !== undefined) throw new Error(`the helper warned: ${warning}`);
    },
  };
}

export function answerOf(frame: Frame): Answer {
  const all = (name: string) => (frame.get(name) ?? []).map((one) => one.toString("utf8"));
  return { frame, all, get: (name) => all(name)[0] ?? "" };
}

/** The fields of a payload that came as the value of a field (`record`), in order of their names. */
export function decodePayload(payload: Buffer): Answer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(payload.length);
  const [frame] = frameReader()(Buffer.concat([size, payload]));
  if (!frame) throw new Error("no frame in it");
  return answerOf(frame);
}

/** Throw-away users of this machine with their groups and homes. */
export type People = { readonly name: (which: string) => string; readonly remove: () => void };

export function makePeople(
  which: Readonly<Record<string, { readonly uid?: number; readonly groups: readonly string[] }>>,
): People {
  const name = (one: string) => `weirh${process.pid}${one}`;
  if (!existsGroup("weir-users")) execFileSync("groupadd", ["--force", "--system", "weir-users"]);
  for (const [one, { uid, groups }] of Object.entries(which)) {
    const words = ["--create-home", "--home-dir", `/var/tmp/${name(one)}`, "--shell", "/bin/sh", "--no-log-init"];
    if (groups.length > 0) words.push("--groups", groups.join(","));
    if (uid !== undefined) words.push("--uid", String(uid));
    execFileSync("useradd", [...words, name(one)], { stdio: ["ignore", "ignore", "inherit"] });
    chmodSync(`/var/tmp/${name(one)}`, 0o755);
  }
  return {
    name,
    remove() {
      for (const one of Object.keys(which)) {
        execFileSync("userdel", ["--remove", name(one)], { stdio: "ignore" });
        rmSync(`/var/tmp/${name(one)}`, { recursive: true, force: true });
      }
    },
  };
}

function existsGroup(name: string): boolean {
  return new RegExp(`^${name}:`, "m").test(readFileSync("/etc/group", "utf8"));
}

/** A folder with an installed helper, its policy, and a folder of stand-ins for Slurm's commands. */
export type Site = {
  readonly folder: string;
  readonly program: string;
  readonly policyPath: string;
  readonly bin: string;
  readonly stopPath: string;
  readonly writePolicy: (lines: readonly string[]) => void;
  readonly audit: () => string;
  /** A stand-in: a Perl script in which `log(...)` appends to the file that `called` reads. */
  readonly standIn: (name: string, perl: string) => void;
  readonly called: () => string;
  readonly remove: () => void;
};

export function makeSite(): Site {
  const folder = mkdtempSync("/var/tmp/weir-helper-");
  chmodSync(folder, 0o755);
  const [bin, log] = [join(folder, "bin"), join(folder, "log")];
  mkdirSync(bin);
  mkdirSync(log);
  writeFileSync(join(folder, "called"), "");
  chmodSync(join(folder, "called"), 0o666);
  const policyPath = join(folder, "policy");
  const site: Site = {
    folder,
    bin,
    policyPath,
    program: placeHelper({ folder: join(folder, "helper"), policyPath }),
    stopPath: join(folder, "stop"),
    writePolicy(lines) {
      const always = [`slurm-bin ${bin}`, `stop ${site.stopPath}`, `audit ${log}/audit`, "command-timeout 120"];
      writeFileSync(policyPath, `${[...lines, ...always].join("\n")}\n`, { mode: 0o644 });
      chmodSync(policyPath, 0o644);
    },
    audit: () => (existsSync(join(log, "audit")) ? readFileSync(join(log, "audit"), "utf8") : ""),
    standIn(name, perl) {
      const text = `#!/usr/bin/perl
sub log_words { open my $f, '>>', '${folder}/called'; print $f "@_\\n"; close $f }
${perl}
`;
      writeFileSync(join(bin, name), text, { mode: 0o755 });
      chmodSync(join(bin, name), 0o755);
    },
    called: () => readFileSync(join(folder, "called"), "utf8"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  return site;
}

/** A request to submit a script of one task, to be changed: what is named in `changes` takes the place of its default. */
export function submission(
  user: string,
  chunk: string,
  changes: Readonly<Record<string, string | readonly string[]>> = {},
): Field[] {
  const fields: Readonly<Record<string, string | readonly string[]>> = {
    user,
    chunk,
    name: `probe.weir-${chunk}`,
    comment: `weir-${chunk}`,
    account: "lab",
    partition: "batch",
    nodes: "1",
    tasks: "1",
    cpusPerTask: "1",
    memMibPerNode: "64",
    timeLimitMin: "1",
    startWithinS: "600",
    timeLimitMs: "60000",
    graceMs: "1000",
    task: [`0 ${chunk.replace(/\D+/g, ".").replace(/^\.|\.$/g, "")}`],
    script: "#!/bin/sh\necho hello\n",
    ...changes,
  };
  return Object.entries(fields).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] satisfies Field] : value.map((one): Field => [name, one]),
  );
}
