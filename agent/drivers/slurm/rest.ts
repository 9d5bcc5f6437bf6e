import { encodeFrame, type Field, type Frame, text } from "#agent/drivers/process/frame.ts";
import { jobsAnswer, payloadFrame, submitAnswer, submitFields } from "./commands.ts";
import {
  type Engine,
  EngineSilent,
  type JobsAnswer,
  PolicyRefusal,
  type Submission,
  type SubmitAnswer,
  type TaggedJob,
} from "./engine.ts";
import { carriesTag, type JobWord } from "./job-word.ts";
import {
  doubtsToken,
  errorsOf,
  isUnknownJob,
  jobsOf,
  type RestAnswer,
  submitAnswerOf,
  wordsOfAnswer,
} from "./rest-answers.ts";
import { openRestClient, type RestCall, type RestPlace, RestSilent } from "./rest-client.ts";
import { submitBody } from "./rest-request.ts";
import { openTokens } from "./rest-tokens.ts";
import { knownRange, newestCommon, type RestVersion, servedVersions } from "./rest-version.ts";
import type { Words } from "./slurm-text.ts";
import type { WeirAs } from "./weir-as.ts";

export type RestSettings = {
  readonly place: RestPlace;
  /** How long slurmrestd may take for one answer. */
  readonly patienceMs: number;
  readonly note: (words: string, facts: object) => void;
  readonly monotonicMs: () => number;
};

export type RestEngine = Engine & {
  /** Where slurmrestd listens. */
  readonly place: string;
  /** The version that both sides speak, asked for as this user; throws with what is served where there is none. */
  readonly version: (user: string) => Promise<RestVersion>;
  /** Null where slurmctld takes this user's token; else what is wrong. */
  readonly ping: (user: string) => Promise<string | null>;
  /** A token of this user's that is at hand is not used any more. */
  readonly forgetToken: (user: string) => void;
  /** Its own connections, not weir-as. */
  readonly closeRest: () => void;
};

/** A listing of all jobs is never asked for by REST (P6); those that are listed and read come by weir-as. */
const recordedAfterMs = 500;
const mostRecorded = 200;
/** Enough for eight connections and for folders that are prepared together meanwhile. */
const submissionsAtOnce = 320;
const mostPrepared = 60;
const mostPreparedBytes = 8 * 2 ** 20;
const preparingAtOnce = 2;
/** With so many prepared or about to be, eight connections are busy for longer than weir-as takes for the next ones. */
const enoughAhead = 144;
/** While so many are, the next ones are gathered until a request of weir-as is full. */
const enoughToGather = 32;
/** As many as there are connections. */
const leastPrepared = 8;

/**
 * slurmrestd, asked as the user with a token that weir-as mints. It submits, cancels and tells of single jobs. The
 * chunk's folder and its checks by the policy, listings, accounting (by sacct's text: JSON has wrong exit codes),
 * records and output stay with weir-as.
 */
export function restEngine(commands: Engine, helper: WeirAs, settings: RestSettings): RestEngine {
  const { patienceMs, note } = settings;
  const client = openRestClient(settings.place);
  const tokens = openTokens({
    monotonicMs: settings.monotonicMs,
    mostLifeS: async () => (await commands.hello()).tokenLifeS,
    mint: mintBy(helper),
  });
  const recorder = recordBy(helper, note);
  const folders = prepareBy(helper);
  let known: RestVersion | null = null;
  const accepted = new Map<string, string>();
  let keepsAccounting = true;
  /** It gave no answer: before anything that must not come twice is sent, it has to answer something else. */
  let isSuspect = false;

  /** For what may be asked twice: with a fresh token where the one at hand may be what is wrong, once. */
  async function call(user: string, what: Omit<RestCall, "user" | "token" | "patienceMs">): Promise<RestAnswer> {
    const token = await tokens.of(user);
    const first = await hear({ ...what, user, token, patienceMs });
    if (!doubtsToken(first)) return first;
    tokens.discard(user, token);
    return hear({ ...what, user, token: await tokens.of(user), patienceMs });
  }

  /** A token that slurmctld has taken once; where it takes none, nothing is sent that could be in doubt. */
  async function acceptedToken(user: string, name: string): Promise<string> {
    const have = await tokens.of(user);
    if (accepted.get(user) === have) return have;
    const path = `/slurm/${name}/ping`;
    const answer = await call(user, { method: "GET", path });
    if (answer.status !== 200) throw silent(`GET ${path}`, answer);
    const token = await tokens.of(user);
    accepted.set(user, token);
    return token;
  }

  /**
   * 22.05 answers a submission with a wrong token as it does when slurmctld dies in the middle: 5005, zero bytes. It was
   * the token where a fresh one is taken, and this one refused once more.
   */
  async function wasToken(user: string, token: string, path: string): Promise<boolean> {
    tokens.discard(user, token);
    const fresh = await hear({ method: "GET", path, user, token: await tokens.of(user), patienceMs });
    if (fresh.status !== 200) return false;
    return doubtsToken(await hear({ method: "GET", path, user, token, patienceMs }));
  }

  async function post(user: string, name: string, body: object): Promise<RestAnswer> {
    const token = await acceptedToken(user, name);
    const what = { method: "POST", path: `/slurm/${name}/job/submit`, body, user, patienceMs } as const;
    const first = await hear({ ...what, token });
    if (!doubtsToken(first)) return first;
    // Whatever goes wrong in finding out, the first answer stands.
    const isProved = await wasToken(user, token, `/slurm/${name}/ping`).catch(() => false);
    return isProved ? hear({ ...what, token: await acceptedToken(user, name) }) : first;
  }

  async function hear(what: RestCall): Promise<RestAnswer> {
    try {
      return await client.call(what);
    } catch (error) {
      if (error instanceof RestSilent && error.mayHaveArrived) isSuspect = true;
      throw error;
    }
  }

  async function version(user: string): Promise<RestVersion> {
    if (known !== null) return known;
    const answer = await call(user, { method: "GET", path: "/openapi/v3" });
    if (answer.status !== 200) throw silent("GET /openapi/v3", answer);
    const served = servedVersions(answer.body);
    const common = newestCommon(served);
    const words = served.length === 0 ? "no version of /slurm" : served.join(", ");
    if (common === null)
      throw new EngineSilent(
        `slurmrestd ${client.place} serves ${words}; this driver knows ${knownRange.live} (tested live) and ${knownRange.documented} (by documented answers, not run live), and does not guess`,
      );
    known = common;
    return common;
  }

  function silent(what: string, answer: RestAnswer): EngineSilent {
    return new EngineSilent(`slurmrestd ${client.place}: ${what}: ${wordsOfAnswer(answer)}`);
  }

  /** Null where Slurm does not know it. */
  async function job(user: string, id: string): Promise<ReturnType<typeof jobsOf> | null> {
    const path = `/slurm/${(await version(user)).name}/job/${id}`;
    const answer = await call(user, { method: "GET", path });
    if (answer.status !== 200 && isUnknownJob(answer)) return null;
    if (answer.status === 404) known = null;
    if (answer.status !== 200) throw silent(`GET ${path}`, answer);
    try {
      return jobsOf(answer.body, user);
    } catch (error) {
      throw new EngineSilent(`slurmrestd ${client.place}: GET ${path}: ${answer.text.slice(0, 200)}`, { cause: error });
    }
  }

  async function cancelOne(user: string, { id, tag }: TaggedJob): Promise<"cancelled" | "not-there"> {
    const found = await job(user, id);
    const [word] = found?.words ?? [];
    // Another has that number since slurmctld lost its state.
    if (word === undefined || !carriesTag(word, tag)) return "not-there";
    const path = `/slurm/${(await version(user)).name}/job/${id}`;
    const answer = await call(user, { method: "DELETE", path });
    if (answer.status === 200) return "cancelled";
    if (isUnknownJob(answer)) return "not-there";
    // 2021: it has ended meanwhile.
    if (errorsOf(answer.body).some(({ code }) => code === 2021)) return "cancelled";
    throw silent(`DELETE ${path}`, answer);
  }

  /** Null once it answers at all; what it was sent before may still be with it. */
  async function stillSilent(user: string, name: string): Promise<unknown> {
    if (!isSuspect) return null;
    try {
      await call(user, { method: "GET", path: `/slurm/${name}/ping` });
      isSuspect = false;
      return null;
    } catch (error) {
      return error;
    }
  }

  async function submit(submission: Submission): Promise<SubmitAnswer> {
    const { user, chunk, isAgain } = submission;
    const wasSuspect = isSuspect;
    let spoken: RestVersion;
    try {
      spoken = await version(user);
      const trouble = await stillSilent(user, spoken.name);
      if (trouble !== null) throw trouble;
    } catch (error) {
      return notSent(error, isAgain);
    }
    // What it was sent in its silence it may do only now.
    if (wasSuspect && isAgain)
      return { kind: "in-doubt", words: `slurmrestd ${client.place} answers again: the tag is looked up once more` };
    const prepared = await folders.prepare(submission);
    if (prepared.kind !== "prepared") return prepared;
    const path = `/slurm/${spoken.name}/job/submit`;
    const sent = folders.sending(user);
    try {
      const body = submitBody(submission, prepared, spoken.family);
      const answer = await post(user, spoken.name, body);
      if (answer.status === 404) known = null;
      const verdict = submitAnswerOf(answer, `slurmrestd ${client.place}: POST ${path}`);
      if (verdict.kind === "submitted") recorder.add(user, chunk, verdict.engineId);
      return verdict;
    } catch (error) {
      return notSent(error, true);
    } finally {
      sent();
    }
  }

  return {
    ...commands,
    place: client.place,
    get transport() {
      return `slurmrestd ${client.place}${known === null ? "" : `, ${known.name}`}, with weir-as`;
    },
    atOnce: submissionsAtOnce,
    version,
    submit,

    async ping(user) {
      const path = `/slurm/${(await version(user)).name}/ping`;
      const answer = await call(user, { method: "GET", path });
      return answer.status === 200 ? null : silent(`GET ${path}`, answer).message;
    },

    async cancel(user, jobs, which) {
      // Only scancel looks at the state of what it cancels.
      if (which === "waiting") return commands.cancel(user, jobs, which);
      const answers = await Promise.all(jobs.map(async (one) => ({ id: one.id, what: await cancelOne(user, one) })));
      return { notThere: answers.flatMap(({ id, what }) => (what === "not-there" ? [id] : [])) };
    },

    async jobs(user, engineIds): Promise<JobsAnswer> {
      const [found, accounting] = await Promise.all([
        Promise.all(engineIds.map((id) => job(user, id))),
        keepsAccounting ? accountingBy(helper, user, engineIds) : null,
      ]);
      keepsAccounting = accounting !== null;
      const controller: JobWord[] = found.flatMap((one) => one?.words ?? []);
      const uid = found.find((one) => one?.uid != null)?.uid ?? null;
      return { controller, accounting, uid, isComplete: true };
    },

    forgetToken: tokens.forget,
    closeRest,
    close() {
      closeRest();
      commands.close();
    },
  };

  function closeRest(): void {
    recorder.close();
    client.close();
  }
}

/**
 * What trouble on the way means for a submission: nothing arrived where no connection came about, or where there was no
 * token; in doubt where something of this chunk, now or before, may be with a daemon that says nothing.
 */
function notSent(error: unknown, mayHaveBeenSent: boolean): SubmitAnswer {
  if (!(error instanceof EngineSilent || error instanceof PolicyRefusal)) throw error;
  const isInDoubt = mayHaveBeenSent && error instanceof RestSilent && error.mayHaveArrived;
  return { kind: isInDoubt ? "in-doubt" : "later", words: error.message };
}

type PreparedOrAnswer =
  | { readonly kind: "prepared"; readonly place: string; readonly batch: string; readonly deadlineS: number }
  | SubmitAnswer;

type Folders = {
  readonly prepare: (submission: Submission) => Promise<PreparedOrAnswer>;
  /** One of the user's is on its way to slurmrestd, until what is returned is called. */
  readonly sending: (user: string) => () => void;
};

/**
 * The folders with all files, by the policy: nothing is at Slurm yet. A request of weir-as costs a process there, so
 * those of one user that come while slurmrestd has enough to do go together; but it must never wait for them, as on a
 * busy machine it did for a third of the time.
 */
function prepareBy(helper: WeirAs): Folders {
  type Waiting = { readonly payload: Buffer; readonly answer: PromiseWithResolvers<PreparedOrAnswer> };
  type Theirs = { readonly waiting: Waiting[]; busy: number; ahead: number };
  const users = new Map<string, Theirs>();

  function of(user: string): Theirs {
    const theirs = users.get(user) ?? { waiting: [], busy: 0, ahead: 0 };
    users.set(user, theirs);
    return theirs;
  }

  function pump(user: string): void {
    const theirs = of(user);
    for (let most = mostNow(theirs); most > 0 && theirs.waiting.length > 0; most = mostNow(theirs)) {
      const some = take(theirs.waiting, most);
      theirs.busy += 1;
      theirs.ahead += some.length;
      void ask(user, some).finally(() => {
        theirs.busy -= 1;
        // Those that were prepared are on their way to slurmrestd by then, and counted there.
        setImmediate(() => {
          theirs.ahead -= some.length;
          pump(user);
        });
      });
    }
  }

  /** How many may be asked for together now, 0: none. No more than are ahead of them, lest slurmrestd wait. */
  function mostNow({ waiting, busy, ahead }: Theirs): number {
    if (busy >= preparingAtOnce || ahead >= enoughAhead) return 0;
    if (ahead >= enoughToGather && waiting.length < mostPrepared) return 0;
    return Math.min(mostPrepared, Math.max(leastPrepared, ahead));
  }

  function take(waiting: Waiting[], most: number): readonly Waiting[] {
    const some: Waiting[] = [];
    for (let bytes = 0; some.length < most; ) {
      const next = waiting[0];
      if (next === undefined || (some.length > 0 && bytes + next.payload.length > mostPreparedBytes)) break;
      waiting.shift();
      bytes += next.payload.length;
      some.push(next);
    }
    return some;
  }

  async function ask(user: string, some: readonly Waiting[]): Promise<void> {
    try {
      const frame = await helper.ask("prepare", [
        ["user", user],
        ...some.map(({ payload }): Field => ["request", payload]),
      ]);
      const answers = (frame.get("answer") ?? []).map(payloadFrame);
      for (const [at, { answer }] of some.entries()) answer.resolve(preparedOf(answers[at] ?? frame));
    } catch (error) {
      // It prepares and never submits: with the next try the folder is there, and in doubt.
      for (const { answer } of some)
        if (error instanceof EngineSilent) answer.resolve({ kind: "in-doubt", words: error.message });
        else answer.reject(error);
    }
  }

  return {
    prepare(submission) {
      const { user } = submission;
      const answer = Promise.withResolvers<PreparedOrAnswer>();
      of(user).waiting.push({ payload: encodeFrame(submitFields(submission)).subarray(4), answer });
      // All of one turn together.
      setImmediate(pump, user);
      return answer.promise;
    },
    sending(user) {
      of(user).ahead += 1;
      return () => {
        of(user).ahead -= 1;
        pump(user);
      };
    },
  };
}

function preparedOf(frame: Frame): PreparedOrAnswer {
  if (text(frame, "ok") !== "1" || text(frame, "existing") === "1") return submitAnswer(frame);
  const [place, batch, deadlineS] = [text(frame, "place"), text(frame, "batch"), Number(text(frame, "deadlineS"))];
  if (!place || !batch || !(deadlineS > 0))
    return { kind: "in-doubt", words: "weir-as prepare: no place, batch or deadline" };
  return { kind: "prepared", place, batch, deadlineS };
}

function mintBy(helper: WeirAs) {
  return async (user: string, lifeS: number) => {
    const frame = await helper.ask("token", Object.entries({ user, lifespanS: lifeS }));
    const [token, expiresInS] = [text(frame, "token"), Number(text(frame, "expiresInS"))];
    if (text(frame, "ok") === "1" && token) return { token, expiresInS };
    const words = text(frame, "words") ?? "";
    if (text(frame, "error") === "refused") throw new PolicyRefusal(words, text(frame, "rule") ?? "");
    throw new EngineSilent(`weir-as token: ${text(frame, "error")}: ${words}`);
  };
}

/** sacct's text, by weir-as; null: this cluster keeps no accounting. */
async function accountingBy(helper: WeirAs, user: string, ids: readonly string[]): Promise<readonly Words[] | null> {
  const fields: Field[] = [["user", user], ["only", "accounting"], ...ids.map((id): Field => ["engineId", id])];
  const frame = await helper.ask("jobs", fields);
  if (text(frame, "ok") !== "1") throw new EngineSilent(`weir-as jobs: ${text(frame, "words")}`);
  return jobsAnswer(frame).accounting;
}

/**
 * Tells weir-as the engine's ids, many in one request, for the folder and the audit. The agent's own notebook has them
 * first; a folder without one is looked up by its tag.
 */
function recordBy(helper: WeirAs, note: RestSettings["note"]) {
  const waiting = new Map<string, { readonly chunk: string; readonly engineId: string }[]>();
  let timer: NodeJS.Timeout | null = null;

  function flush(): void {
    timer = null;
    for (const [user, all] of waiting)
      for (let at = 0; at < all.length; at += mostRecorded) void tell(user, all.slice(at, at + mostRecorded));
    waiting.clear();
  }

  async function tell(user: string, some: readonly { readonly chunk: string; readonly engineId: string }[]) {
    const pairs = some.flatMap(({ chunk, engineId }): Field[] => [
      ["chunk", chunk],
      ["engineId", engineId],
    ]);
    const words = await helper.ask("submitted", [["user", user], ...pairs]).then(
      (frame) => {
        const missed = (frame.get("recorded") ?? []).filter((one) => one.toString() !== "1").length;
        if (text(frame, "ok") !== "1") return text(frame, "words") ?? "";
        return missed === 0 ? null : `${missed} folders took no engine's id`;
      },
      (error: unknown) => String(error),
    );
    if (words !== null) note("weir-as has not recorded every engine's id", { user, words });
  }

  return {
    add(user: string, chunk: string, engineId: string): void {
      const theirs = waiting.get(user) ?? [];
      waiting.set(user, theirs);
      theirs.push({ chunk, engineId });
      timer ??= setTimeout(flush, recordedAfterMs);
    },
    close(): void {
      if (timer === null) return;
      clearTimeout(timer);
      flush();
    },
  };
}
