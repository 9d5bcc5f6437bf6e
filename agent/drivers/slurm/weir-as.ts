import { type ChildProcess, spawn } from "node:child_process";
import { encodeFrame, type Field, type Frame, frameReader, text } from "#agent/drivers/process/frame.ts";
import { EngineSilent } from "./engine.ts";

/**
 * One lasting `weir-as serve` (agent/helper/weir-as), started when it is first needed and again when it has died.
 * Requests that were on their way when it died, or that take too long, fail with `EngineSilent`: what they did is then
 * in doubt, and found by looking it up.
 */
export type WeirAs = {
  /** The answer's frame, be it a refusal. */
  readonly ask: (verb: string, fields: readonly Field[], timeoutMs?: number) => Promise<Frame>;
  /** What the site's policy refused of what no honest network asks for, since this agent started; null: nothing. */
  readonly refusals: () => Refusals | null;
  readonly pid: () => number | null;
  readonly close: () => void;
};

/** `rule`: the line of the policy, of the last of them. It names no local user. */
export type Refusals = { readonly count: number; readonly lastMs: number; readonly rule: string };

export type WeirAsSettings = {
  /** `sudo -n /…/weir-as serve`. */
  readonly command: readonly [string, ...string[]];
  /** In tests, that run as root: the agent's own user. */
  readonly identity: { readonly uid: number; readonly gid: number } | null;
};

/** Longer than a command may take in the helper (90 s in the policy it comes with) after some time in its queue. */
const patienceMs = 150_000;
const leastRestartMs = 200;
/** What an honest network may be refused on any day, as in the helper itself; and where users lend their own tokens. */
const ordinary = /^(stopped|before-submit|too-late|load|requeue|token-lifespan-max|max-.*|credential)$/;

export function openWeirAs(
  settings: WeirAsSettings,
  note: (words: string, facts: object) => void,
  /** What no honest network asks for was refused: whoever asked at the site's own terminal has it from the answer. */
  alarm: typeof note = note,
): WeirAs {
  type Waiting = { readonly resolve: (frame: Frame) => void; readonly reject: (error: Error) => void };
  const waiting = new Map<string, Waiting>();
  let child: ChildProcess | null = null;
  let startedMs = Number.NEGATIVE_INFINITY;
  let asked = 0;
  let closed = false;
  let refusals: Refusals | null = null;

  function heed(verb: string, frame: Frame): void {
    const rule = text(frame, "error") === "refused" ? text(frame, "rule") : null;
    if (rule === null || ordinary.test(rule)) return;
    refusals = { count: (refusals?.count ?? 0) + 1, lastMs: Date.now(), rule };
    alarm("ALARM: the site's policy refused what no honest network asks for; its audit says more", { verb, rule });
  }

  function lose(of: ChildProcess, why: string): void {
    if (child !== of) return;
    child = null;
    if (!closed) note("weir-as ended; it is started again when it is needed", { why });
    for (const request of waiting.values()) request.reject(new EngineSilent(`weir-as: ${why}`));
    waiting.clear();
  }

  function start(): ChildProcess {
    startedMs = performance.now();
    const [program, ...words] = settings.command;
    const fresh = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"], cwd: "/", ...(settings.identity ?? {}) });
    const read = frameReader();
    let errors = "";
    fresh.stdout?.on("data", (bytes: Buffer) => {
      try {
        for (const frame of read(bytes)) {
          const re = text(frame, "re") ?? "";
          waiting.get(re)?.resolve(frame);
          waiting.delete(re);
        }
      } catch (error) {
        fresh.kill("SIGTERM");
        lose(fresh, String(error));
      }
    });
    fresh.stderr?.on("data", (bytes: Buffer) => {
      errors = `${errors}${bytes}`.slice(-2000);
    });
    // Its end says what there is to say; nobody listening to a stream that breaks would end the agent.
    for (const stream of fresh.stdio) stream?.on("error", () => {});
    fresh.on("error", (error) => lose(fresh, `${settings.command.join(" ")}: ${error.message}`));
    fresh.on("close", (code, signal) =>
      lose(fresh, `it ended with ${signal ?? `status ${code}`}. ${errors.trim()}`.trim()),
    );
    return fresh;
  }

  return {
    async ask(verb, fields, timeoutMs = patienceMs) {
      if (closed) throw new EngineSilent("weir-as is closed");
      if (child === null && performance.now() - startedMs < leastRestartMs)
        await new Promise((resolve) => setTimeout(resolve, leastRestartMs));
      child ??= start();
      const re = String(++asked);
      const { promise, resolve, reject } = Promise.withResolvers<Frame>();
      waiting.set(re, { resolve, reject });
      const timer = setTimeout(() => {
        waiting.delete(re);
        reject(new EngineSilent(`weir-as gave no answer to ${verb} within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      child.stdin?.write(encodeFrame([["verb", verb], ["re", re], ...fields]));
      try {
        const frame = await promise;
        heed(verb, frame);
        return frame;
      } finally {
        clearTimeout(timer);
      }
    },
    refusals: () => refusals,
    pid: () => child?.pid ?? null,
    close() {
      closed = true;
      // At the end of its input it waits for its children, who end what they are about, and goes.
      child?.stdin?.end();
      child?.unref();
    },
  };
}
