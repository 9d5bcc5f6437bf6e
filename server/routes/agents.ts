import type { Desk } from "#server/centres/desk.ts";
import { answer, type Handlers } from "#server/http/handler.ts";
import { enrol, rotateCredential } from "#server/identity/centre-credential.ts";
import type { Database } from "#server/store/database.ts";

/** The agents' side: joining, rotating, and the one call that everything else goes through. */
export function agentHandlers(context: AgentContext): Pick<Handlers, AgentRoute> {
  const { db, desk, now } = context;
  return {
    async enrol({ body }) {
      const enrolled = await enrol(db, body, now());
      return "kind" in enrolled ? enrolled : answer({ ...enrolled });
    },
    rotate: async ({ caller }) => answer({ ...(await rotateCredential(db, caller, now())) }),
    session: async ({ caller }) => answer(await desk.session(caller.centre)),
    async sync({ caller, body, closed }) {
      return desk.sync(caller.centre, body, closed());
    },
    async answerRead({ caller, body }) {
      await desk.answers(caller.centre, body.answers);
      return answer({});
    },
  };
}

type AgentRoute = "enrol" | "rotate" | "session" | "sync" | "answerRead";
type AgentContext = { readonly db: Database; readonly desk: Desk; readonly now: () => number };
