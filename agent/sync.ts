import { setTimeout as delay } from "node:timers/promises";
import { type Answer, type Connection, Unreachable } from "#agent/connection.ts";
import type { AskedAccount, Driver } from "#agent/driver.ts";
import type { Keeper } from "#agent/keeper.ts";
import type { AskedTest, SyncAnswer, SyncRequest } from "#api/agent.ts";
import { mostWords, mostWordsOfEnd, protocolVersion, syncAnswer } from "#api/agent.ts";
import { runEndView } from "#api/outcome-view.ts";
import { urgentOf } from "#core/centre/engine.ts";
import type { RunId } from "#core/ids.ts";
import { carriable } from "#core/one-line.ts";
import type { RunObservation, RunOrder } from "#core/run-order.ts";

/**
 * The protocol with the server. Two calls of one kind are under way at most: a long poll that brings orders, and a
 * report that is sent when there is news. Answers may overtake each other; one that is not newer than what was applied
 * is dropped whole, because the newer one had it all.
 */
export type SyncEnd =
  /** A newer agent of this centre has taken over (R7). */
  | { readonly kind: "fenced"; readonly words: string }
  | { readonly kind: "refused"; readonly status: number; readonly words: string }
  | { readonly kind: "stopped" };

export type SyncSettings = {
  readonly connection: Connection;
  readonly driver: Driver;
  readonly keeper: Keeper;
  readonly credential: string;
  readonly session: number;
  readonly agentVersion: string;
  /** How long the server may keep a poll waiting. */
  readonly pollMs: number;
  /** For tests. */
  readonly lookEveryMs?: number;
  readonly signal: AbortSignal;
  readonly onFirstAnswer: () => void;
  /** The server asks for a rotation of the credential. */
  readonly onRotate: () => void;
  /** By the centre's terms: for how many days what the network has here is kept once it has left. */
  readonly onRetention: (days: number) => void;
  /** The connection test that the server waits for; said again until its report has come. */
  readonly onTest: (test: AskedTest) => void;
  readonly note: (words: string, facts: object) => void;
};

const mostPollS = 25;
const mostObservations = 500;
const engineEveryMs = 60_000;
/** How often the engine is looked at for what should be told before its minute is over. */
const lookEveryMs = 10_000;
const accountsEveryMs = 1_000;
const lookAgainMs = 5_000;

export async function keepInSync(settings: SyncSettings): Promise<SyncEnd> {
  const { connection, driver, keeper, pollMs, signal } = settings;
  let server = "";
  let generation = 0;
  let answered = false;
  let urgentTold: string | null = null;
  let accountsTold = "[]";
  let retentionDays: number | null = null;
  let applied: Promise<void> = Promise.resolve();
  let end: SyncEnd | null = null;
  const ended = Promise.withResolvers<void>();
  const over = new AbortController();
  let wakeReporter: () => void = () => {};

  function finish(reason: SyncEnd): void {
    end ??= reason;
    ended.resolve();
    over.abort();
    wakeReporter();
  }
  signal.addEventListener("abort", () => finish({ kind: "stopped" }), { once: true });
  if (signal.aborted) finish({ kind: "stopped" });

  async function sync(waitMs: number, withEngine: boolean): Promise<void> {
    const observations = waitMs === 0 ? keeper.pending(mostObservations) : [];
    const accounts = accountNews();
    const engine = withEngine ? await driver.describe() : null;
    const body = {
      protocol: protocolVersion,
      session: settings.session,
      agentVersion: settings.agentVersion,
      server,
      generation,
      waitMs,
      engine,
      observations: observations.map(wireObservation),
      ...(accounts && { accounts: [...accounts.told] }),
    } satisfies SyncRequest;
    const answer = await connection.post("/agent/sync", body, settings.credential, waitMs + 15_000);
    if (answer.kind === "refused") return finish(refusalEnd(answer));
    if (accounts) accountsTold = accounts.key;
    if (engine) urgentTold = urgentOf(engine);
    keeper.delivered(observations);
    applied = applied.catch(() => {}).then(() => apply(answer.body));
    await applied;
    if (answered) return;
    answered = true;
    settings.onFirstAnswer();
  }

  /** How far it is with the accounts, where the server has not heard it yet. */
  function accountNews() {
    const told = driver.accounts?.readiness() ?? [];
    const key = JSON.stringify(told);
    return key === accountsTold ? null : { told, key };
  }

  /** One answer after the other. */
  async function apply(body: unknown): Promise<void> {
    const answer = syncAnswer.parse(body);
    keeper.committed(answer.committed as readonly string[] as readonly RunId[]);
    for (const read of answer.reads) void answerRead(read);
    if (answer.test) settings.onTest(answer.test);
    if (answer.rotate) settings.onRotate();
    if (answer.retentionDays !== undefined && answer.retentionDays !== retentionDays) {
      retentionDays = answer.retentionDays;
      settings.onRetention(retentionDays);
    }
    if (answer.accounts) driver.accounts?.want(withQuotas(answer.accounts, answer.quotas ?? []));
    if (answer.server === server && answer.generation <= generation) return;
    const started = answer.start.map(({ run }) => run);
    // The edge parser has checked the form of the ids.
    if (answer.whole && !(await looked([...started, ...answer.expected] as readonly string[] as readonly RunId[])))
      return;
    server = answer.server;
    generation = answer.generation;
    // First what is to end: after a silence an order may come together with its own cancel, and must not start.
    keeper.cancel(answer.cancel.map((cancel) => ({ ...cancel, run: cancel.run as RunId })));
    keeper.withdraw(answer.withdraw as readonly string[] as readonly RunId[]);
    // The edge parser has checked every field of an order; only the brands of its ids are missing.
    keeper.order(answer.start as unknown as readonly RunOrder[]);
    // The edge parser has checked the form of the ids.
    if (answer.whole) keeper.reconcile(answer.expected as readonly string[] as readonly RunId[]);
  }

  /** Whether it is known what of these the engine has; if not, the whole list is asked for again. */
  async function looked(runs: readonly RunId[]): Promise<boolean> {
    try {
      await keeper.lookFor(runs);
      return true;
    } catch (error) {
      settings.note("orders wait until the engine answers", { error: String(error) });
      await pause(lookAgainMs, over.signal);
      return false;
    }
  }

  async function answerRead(read: ReturnType<typeof syncAnswer.parse>["reads"][number]): Promise<void> {
    const { id, stream, offset, maxBytes } = read;
    const none = (words: string) => ({
      id,
      kind: "none" as const,
      offset: 0,
      sizeBytes: 0,
      base64: "",
      final: true,
      words,
    });
    const piece = await driver.readLog(read.run as RunId, stream, offset, maxBytes).then(
      (log) =>
        log.kind === "none"
          ? none(log.words)
          : {
              id,
              kind: "bytes" as const,
              offset: log.offset,
              sizeBytes: log.sizeBytes,
              base64: Buffer.from(log.bytes).toString("base64"),
              final: log.final,
              words: "",
            },
      (error: unknown) => none(String(error)),
    );
    await connection
      .post("/agent/answers", { answers: [piece] }, settings.credential, 30_000)
      .catch((error: unknown) => {
        settings.note("a log piece could not be delivered", { error: String(error) });
      });
  }

  /** Runs `turn` until the end; trouble on the way is met with back-off, 0.2 s doubling to 10 s, spread by a third. */
  async function loop(turn: () => Promise<void>): Promise<void> {
    let backOffMs = 200;
    while (end === null) {
      try {
        await turn();
        backOffMs = 200;
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        settings.note("server unreachable", { error: error.message, againInMs: backOffMs });
        await pause(backOffMs * (1 + Math.random() / 3), over.signal);
        backOffMs = Math.min(10_000, backOffMs * 2);
      }
    }
  }

  let engineToldMs = Number.NEGATIVE_INFINITY;
  let newsSince = true;
  let engineIsNews = false;
  keeper.onNews(() => {
    newsSince = true;
    wakeReporter();
  });

  const accountsTimer = setInterval(() => {
    if (accountNews() === null) return;
    newsSince = true;
    wakeReporter();
  }, accountsEveryMs);
  const reporter = loop(async () => {
    if (!newsSince && keeper.pending(1).length === 0) await new Promise<void>((resolve) => (wakeReporter = resolve));
    if (end !== null) return;
    newsSince = false;
    const tellEngine = engineIsNews;
    engineIsNews = false;
    await sync(0, tellEngine);
    // What is left after a report is an end that the server has not committed yet: it is sent again, but not at once.
    if (!newsSince && keeper.pending(1).length > 0) await pause(200, over.signal);
  });
  /** Nodes that went are not to be given work for a minute, and those that came back are not to stand idle. */
  const looker = loop(async () => {
    await pause(settings.lookEveryMs ?? lookEveryMs, over.signal);
    if (end !== null || urgentTold === null) return;
    if (urgentOf(await driver.describe()) === urgentTold) return;
    engineIsNews = true;
    newsSince = true;
    wakeReporter();
  });
  const poller = loop(async () => {
    const tellEngine = performance.now() - engineToldMs > engineEveryMs;
    await sync(answered ? pollMs : 0, tellEngine);
    if (tellEngine) engineToldMs = performance.now();
  });
  await Promise.race([Promise.all([reporter, poller, looker]), ended.promise]).finally(() =>
    clearInterval(accountsTimer),
  );
  return end ?? { kind: "stopped" };
}

/** WEIR_POLL_S, or 25 s: less where something on the way cuts calls that are quiet for so long. */
export function pollMs(environment: Readonly<Record<string, string | undefined>>): number {
  const text = environment.WEIR_POLL_S ?? String(mostPollS);
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds < 1 || seconds > mostPollS)
    throw new Error(`WEIR_POLL_S=${text}: give a number of seconds from 1 to ${mostPollS}`);
  return Math.round(seconds * 1000);
}

/** Part of the words is what a job or its user made up: one request that the server refuses would hold up the whole centre. */
function wireObservation(seen: RunObservation): SyncRequest["observations"][number] {
  switch (seen.kind) {
    case "started":
      return { ...seen, evidence: carriable(seen.evidence, mostWords) };
    case "remark":
      return { ...seen, words: carriable(seen.words, mostWords) };
    case "ended": {
      const { reason, ...end } = runEndView(seen.end);
      const said = (text: string | null) => text && carriable(text, mostWordsOfEnd);
      return { ...seen, end: { ...end, reason: said(reason) }, words: said(seen.words) };
    }
    default:
      return seen;
  }
}

function refusalEnd(answer: Extract<Answer, { readonly kind: "refused" }>): SyncEnd {
  if (answer.problem === "fenced") return { kind: "fenced", words: answer.words };
  return { kind: "refused", status: answer.status, words: answer.words };
}

/** The last word of a session: the server need not wait for silence to know that nobody is here. */
export async function sayGoodbye(
  connection: Connection,
  { credential, session, agentVersion }: Pick<SyncSettings, "credential" | "session" | "agentVersion">,
  note: SyncSettings["note"],
): Promise<void> {
  const body = {
    protocol: protocolVersion,
    session,
    agentVersion,
    server: "",
    generation: 0,
    waitMs: 0,
    engine: null,
    observations: [],
    goodbye: true,
  } satisfies SyncRequest;
  await connection.post("/agent/sync", body, credential, goodbyeMs).catch((error: unknown) => {
    note("the server could not be told of the end, and will find it out", { error: String(error) });
  });
}

/** Who stops an agent does not wait long for it. */
const goodbyeMs = 5_000;

/** Resolves early, without a complaint, when it is over. */
async function pause(ms: number, over: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: over }).catch(() => {});
}

function withQuotas(
  pairs: NonNullable<SyncAnswer["accounts"]>,
  quotas: NonNullable<SyncAnswer["quotas"]>,
): readonly AskedAccount[] {
  const of = new Map(quotas.map(({ project, quota }) => [project, quota]));
  return pairs.map((pair) => {
    const quota = of.get(pair.project.id);
    return quota ? { ...pair, quota } : pair;
  });
}
