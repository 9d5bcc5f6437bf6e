import { goTogether } from "#core/centre/agent-version.ts";
import type { Desk } from "#server/centres/desk.ts";
import { answer, type Handlers, refused } from "#server/http/handler.ts";
import { enrol, rotateCredential } from "#server/identity/centre-credential.ts";
import type { Database } from "#server/store/database.ts";

/** The agents' side: joining, rotating, and the one call that everything else goes through. */
export function agentHandlers(context: AgentContext): Pick<Handlers, AgentRoute> {
  const { db, desk, now, version } = context;
  /** Said before a token is spent or a session begins: nothing changes for the runs of an agent that is turned away. */
  const clash = (agent: string) =>
    goTogether(agent, version) ? null : refused({ kind: "agent-version", agent, server: version });
  return {
    async enrol({ body }) {
      const wrong = clash(body.agentVersion);
      if (wrong) return wrong;
      const enrolled = await enrol(db, body, now());
      return "kind" in enrolled ? enrolled : answer({ ...enrolled });
    },
    rotate: async ({ caller }) => answer({ ...(await rotateCredential(db, caller, now())) }),
    async session({ caller, body: { agentVersion } }) {
      const wrong = agentVersion === undefined ? null : clash(agentVersion);
      return wrong ?? answer(await desk.session(caller.centre));
    },
    async sync({ caller, body, closed }) {
      return clash(body.agentVersion) ?? desk.sync(caller.centre, body, closed());
    },
    async answerRead({ caller, body }) {
      await desk.answers(caller.centre, body.answers);
      return answer({});
    },
  };
}

type AgentRoute = "enrol" | "rotate" | "session" | "sync" | "answerRead";
type AgentContext = {
  readonly db: Database;
  readonly desk: Desk;
  readonly now: () => number;
  readonly version: string;
};
