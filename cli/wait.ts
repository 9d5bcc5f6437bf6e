import { NoAnswer } from "#api/client.ts";
import type { JobDetail, WireOutcome } from "#api/job.ts";
import { outcomeFromWire } from "#api/outcome-view.ts";
import type { Call } from "#cli/call.ts";
import { stateText, timeText } from "#cli/formats.ts";
import { everyPage } from "#cli/pages.ts";
import { Stop, stopOf } from "#cli/stop.ts";
import { exitCodeOf } from "#core/job/exit-code.ts";

/**
 * Waits until a job has ended, by the server's events; a server that goes away is waited for too. The exit code of an
 * array is the highest of its tasks.
 */
export async function waitForEnd(call: Call, job: number, shows: boolean): Promise<Ended> {
  const { say, terminal } = call;
  const progress = progressLine(call, shows);
  const release = terminal.onInterrupt(() => {
    progress.clear();
    call.note(say("interrupted", { id: job }));
  });
  try {
    for (let away = 0; ; away += 1) {
      try {
        const detail = await followToEnd(call, job, (text) => {
          away = 0;
          progress.show(text);
        });
        if (detail?.outcome) return await endedAs(call, detail, detail.outcome);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        // A stream that is cut once is taken up again without a word.
        if (away === 1) progress.show(say("waitingAway", { id: job }));
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(5000, 100 * 2 ** Math.min(away, 6))));
    }
  } finally {
    progress.clear();
    release();
  }
}

export type Ended = {
  readonly outcome: WireOutcome;
  readonly exitCode: number;
  /** Of the task whose code counts; null where all succeeded. */
  readonly index: number | null;
  /** What its centre said of its last run; null where it said nothing. */
  readonly words: string | null;
};

/** The job once it has ended, or null where the stream ended before. */
async function followToEnd(call: Call, job: number, show: (text: string) => void): Promise<JobDetail | null> {
  const { say } = call;
  const client = call.client();
  const abort = new AbortController();
  // First the stream, then the state: an end between the two is seen by one of them.
  const stream = await client.stream("events", { query: { job } }, { signal: abort.signal });
  if (stream.kind === "problem") throw stopOf(stream.problem);
  /** Counts up with the events, from what the job itself says; where an event is counted twice, it says so again. */
  let ended = 0;
  let tasks = 1;
  const tell = (state: string) => {
    // An array changes too often for a line each where no line can be written over.
    if (tasks > 1 && !call.terminal.errorIsTerminal) return;
    show(
      tasks > 1
        ? say("waitingArray", { id: job, ended, tasks })
        : say("waiting", { id: job, state: stateText(state, say) }),
    );
  };
  const look = async (): Promise<JobDetail | null> => {
    const found = call.answered(await client.call("job", { params: { job } }));
    ({ tasks } = found);
    ended = found.counts.ended;
    if (found.outcome !== null) return found;
    if (tasks > 1 || found.unreachableSinceMs === null) tell(found.state);
    else
      show(
        say("waitingUnreachable", {
          id: job,
          state: stateText(found.state, say),
          centre: found.centres.join(call.say("comma")),
          time: timeText(found.unreachableSinceMs),
        }),
      );
    return null;
  };
  try {
    const already = await look();
    if (already) return already;
    for await (const message of stream.messages) {
      if (message.kind === "problem") throw stopOf(message.problem);
      const { kind, state } = message.value;
      if (tasks === 1) {
        // Events from before the first look come after it: the job itself says how far it is, and never goes back.
        const whole = changesJob.has(kind) || state !== null ? await look() : null;
        if (whole) return whole;
        continue;
      }
      if (state === null) continue;
      if (state === "ended") ended += 1;
      const whole = ended >= tasks ? await look() : null;
      if (whole) return whole;
      tell(state);
    }
    return null;
  } catch (error) {
    // A stream that is cut in the middle fails while it is read, not as a request.
    if (error instanceof TypeError) throw new NoAnswer("the stream of events was cut", { cause: error });
    throw error;
  } finally {
    abort.abort();
  }
}

/** Without a state of their own. */
const changesJob: ReadonlySet<string> = new Set(["unreachable", "reachable"]);

async function endedAs(call: Call, detail: JobDetail, outcome: WireOutcome): Promise<Ended> {
  if (outcome.kind === "succeeded") return { outcome, exitCode: 0, index: null, words: null };
  const job = detail.id;
  const codes = await everyPage(
    async (cursor) =>
      call.answered(await call.client().call("tasks", { params: { job }, query: { limit: 1000, ...cursor } })),
    (page) =>
      page.tasks.flatMap((task) =>
        task.outcome ? [{ index: task.index, exitCode: exitCodeOf(outcomeFromWire(task.outcome)) }] : [],
      ),
  );
  const exitCode = codes.reduce(
    (highest, one) => Math.max(highest, one.exitCode),
    exitCodeOf(outcomeFromWire(outcome)),
  );
  const index = codes.find((one) => one.exitCode === exitCode)?.index ?? null;
  return { outcome, exitCode, index, words: index === null ? null : await lastWords(call, detail, index) };
}

async function lastWords(call: Call, { id: job, firstTasks }: JobDetail, index: number): Promise<string | null> {
  try {
    const task =
      firstTasks.find((one) => one.index === index) ??
      call.answered(await call.client().call("task", { params: { job, index } }));
    return task.runs.at(-1)?.words ?? null;
  } catch (error) {
    // How it ended is known by now and is what was asked for; the words are beside it.
    if (error instanceof Stop || error instanceof NoAnswer) return null;
    throw error;
  }
}

/** One line that is written over on a terminal; elsewhere a line for each change. */
function progressLine(call: Call, shows: boolean) {
  const { terminal } = call;
  let last = "";
  return {
    show: (text: string) => {
      if (!shows || text === last) return;
      last = text;
      terminal.error(terminal.errorIsTerminal ? `\r\u001b[K${text}` : `${text}\n`);
    },
    clear: () => {
      if (shows && last !== "" && terminal.errorIsTerminal) terminal.error("\r\u001b[K");
    },
  };
}
