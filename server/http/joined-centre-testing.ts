import type { Answer, Client, Input } from "#api/client.ts";
import { type EngineReport, noOffers, oneMachine } from "#core/centre/engine.ts";
import { until } from "#server/patience-testing.ts";
import { ok, passConnectionTest, type TestServer } from "./testing.ts";

type SyncBody = Input<"sync">["body"];

export type JoinedCentre = {
  readonly agent: Client;
  readonly credential: string;
  /** One call of the agent; what is not said is as of an agent that has nothing to tell. */
  readonly sync: (changes?: Partial<SyncBody>) => Promise<Answer<"sync">>;
};

const machine = oneMachine("n1", { cores: 4, memoryMib: 4096, memoryMibPerCore: 1024 });
export const smallEngine = { pools: [{ ...machine, name: "batch" }], offers: noOffers, mechanisms: {} };

/** For tests: a centre in service with one pool of 4 cores, and an agent that syncs by hand. */
export async function joinCentre(
  server: TestServer,
  centre: string,
  driver: Input<"addCentre">["body"]["driver"],
  engine: EngineReport = smallEngine,
): Promise<JoinedCentre> {
  const client = server.client();
  await ok(client.call("addCentre", { body: { id: centre, driver } }));
  const { token } = await ok(client.call("addEnrolment", { params: { centre }, body: {} }));
  const { credential } = await ok(client.call("enrol", { body: { token, agentVersion: "1", driver } }));
  await passConnectionTest(server, centre, credential);
  const agent = server.client(credential);
  const { session } = await ok(agent.call("session", { body: { agentVersion: "1" } }));
  const quiet = { protocol: 1, session, agentVersion: "1", waitMs: 0, engine: null, observations: [] } as const;
  let known = { server: "", generation: 0 };
  /** Orders that came with the answer to a report, which a test does not look at: they are in that to the next poll too. */
  let early: Answer<"sync">["start"] = [];
  const sync = async (changes: Partial<SyncBody> = {}) => {
    const waitMs = early.length > 0 ? 0 : (changes.waitMs ?? 0);
    const answer = await ok(agent.call("sync", { body: { ...quiet, ...known, ...changes, waitMs } as SyncBody }));
    known = { server: answer.server, generation: answer.generation };
    const start = [...early, ...answer.start];
    const isReport = changes.waitMs === undefined;
    early = isReport ? start : [];
    return isReport ? answer : { ...answer, start };
  };
  await sync({ engine });
  // The scheduler hears of it by the feed.
  const body = { command: ["true"], centres: { only: [centre] } };
  await until(async () => ((await client.call("dryRun", { body })).kind === "answer" ? true : null));
  return { agent, credential, sync };
}

/** Polls as an agent does until so many orders have come; they may come one by one. */
export async function ordersOf({ sync }: Pick<JoinedCentre, "sync">, count: number): Promise<Answer<"sync">["start"]> {
  const all: Answer<"sync">["start"][number][] = [];
  await until(async () => {
    all.push(...(await sync({ waitMs: 1_000 })).start);
    return all.length >= count ? true : null;
  });
  return all;
}
