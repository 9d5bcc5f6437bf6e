import { answer, type Handlers, refused } from "#server/http/handler.ts";
import type { Gate } from "#server/identity/gate.ts";
import { newSecret } from "#server/identity/secret.ts";
import { setPassword, signInWithCode, signInWithPassword } from "#server/identity/sign-in.ts";
import type { Database } from "#server/store/database.ts";
import { noteAct } from "#server/store/note-act.ts";
import { readMe } from "#server/store/read/me.ts";
import { readTokens } from "#server/store/read/tokens.ts";
import { once } from "./once.ts";
import { cutPage, readCursor } from "./paging.ts";

/** Signing in and out, passwords and tokens: all of it about the caller alone. */
export function sessionHandlers(context: Context): Pick<Handlers, SessionRoute> {
  const { db, gate, now } = context;
  return {
    async signIn({ query, body, remote }) {
      const result =
        "code" in body
          ? await signInWithCode(db, body.code, query.as, now())
          : await signInWithPassword(db, { ...body, remote }, query.as, now());
      if (result.kind === "refused") return result;
      const bySecret = query.as === "cookie" ? { kind: "session" as const } : { kind: "token" as const };
      const person = await gate.bySecret({ ...bySecret, secret: result.secret });
      if (person.kind === "refused") return person;
      const me = await readMe(db, person);
      if (query.as === "token") return answer({ me, token: result.secret });
      const cookie = { secret: result.secret, maxAgeS: result.lifeMs / 1000 };
      return { ...answer({ me, token: null }), cookie };
    },

    async signOut({ caller }) {
      await db.pool.query("update credential set spent_ms = $2 where id = $1 and spent_ms is null", [
        caller.credential.id,
        now(),
      ]);
      gate.forget();
      return caller.credential.kind === "session" ? { ...answer({}), cookie: null } : answer({});
    },

    me: async ({ caller }) => answer(await readMe(db, caller)),

    async setPassword({ caller, body }) {
      const person = { id: caller.id, session: caller.credential.id };
      const given = { current: body.current, password: body.password };
      const refusal = await setPassword(db, person, given, now());
      gate.forget();
      return refusal ?? answer({});
    },

    async tokens({ caller, query }) {
      const before = readCursor(query.cursor);
      if (typeof before === "object" && before !== null) return before;
      const found = await readTokens(db.pool, caller.id, { before, limit: query.limit + 1, nowMs: now() });
      const page = cutPage(found, query.limit, (token) => token.id);
      return answer({ tokens: [...page.rows], next: page.next });
    },

    addToken: ({ caller, body, idempotency }) =>
      once(db, { caller, idempotency }, 201, async (client) => {
        const { secret, hash } = newSecret("token");
        const createdMs = now();
        const expiresMs = body.expiresInS === undefined ? null : createdMs + body.expiresInS * 1000;
        const { rows } = await client.query<{ id: number }>(
          `insert into credential (person_id, kind, name, secret_hash, created_ms, expires_ms)
           values ($1, 'token', $2, $3, $4, $5) returning id`,
          [caller.id, body.name, hash, createdMs, expiresMs],
        );
        const id = rows[0]?.id ?? 0;
        const about = { kind: "person", id: caller.id } as const;
        await noteAct(client, { by: caller.id, about, act: { kind: "token-made", token: id }, nowMs: createdMs });
        return answer({ token: { id, name: body.name, createdMs, expiresMs, lastUsedMs: null }, secret });
      }),

    async revokeToken({ caller, params }) {
      const { rowCount } = await db.pool.query(
        `with revoked as (
           update credential set spent_ms = $3
           where id = $1 and person_id = $2 and kind = 'token' and spent_ms is null returning id, person_id
         )
         insert into act (at_ms, person_id, kind, about_kind, about, facts)
         select $3::bigint, person_id, 'token-revoked', 'person', person_id, jsonb_build_object('token', id) from revoked`,
        [params.token, caller.id, now()],
      );
      gate.forget();
      return rowCount === 1 ? answer({}) : refused({ kind: "not-found", what: "token", id: String(params.token) });
    },
  };
}

type SessionRoute = "signIn" | "signOut" | "me" | "setPassword" | "tokens" | "addToken" | "revokeToken";
type Context = { readonly db: Database; readonly gate: Gate; readonly now: () => number };
