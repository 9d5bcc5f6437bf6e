import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { FastifyInstance } from "fastify";
import { type RefusalKind, refusalStatus } from "#core/refusal.ts";
import { filesOf, sendFile } from "./folder.ts";
import { openapiDocument } from "./openapi.ts";
import { languageOf, refusalKinds } from "./problem.ts";
import { meanings } from "./problem-pages.ts";

/**
 * What explains the API: its OpenAPI document, the same as pages (/api/docs), and a page for each kind of refusal, which
 * is where the `type` of a problem document leads.
 */
export function addDocs(app: FastifyInstance): void {
  let document: string | null = null;
  app.get("/api/v1/openapi.json", (_request, reply) => {
    document ??= JSON.stringify(openapiDocument());
    return reply.type("application/json; charset=utf-8").send(document);
  });
  addSwagger(app);
  app.get<{ Params: { kind: string } }>("/api/problems/:kind", (request, reply) => {
    const kind = refusalKinds.find((known) => known === request.params.kind);
    if (kind === undefined) return reply.callNotFound();
    const language = languageOf(request.headers["accept-language"]);
    return reply.type("text/html; charset=utf-8").send(problemPage(kind, language));
  });
}

/** The pages come from the package's own files; nothing is fetched from elsewhere. */
function addSwagger(app: FastifyInstance): void {
  const folder = join(dirname(createRequire(import.meta.url).resolve("@fastify/swagger-ui/package.json")), "static");
  const files = filesOf(folder);
  app.get("/api/docs", (_request, reply) => reply.redirect("/api/docs/", 308));
  app.get<{ Params: { "*": string } }>("/api/docs/*", (request, reply) => {
    const name = request.params["*"] || "index.html";
    if (name === "swagger-initializer.js") return reply.type("text/javascript; charset=utf-8").send(initializer);
    const file = files.get(`/${name}`);
    return file === undefined ? reply.callNotFound() : sendFile(request, reply, file);
  });
}

const initializer = `window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: "/api/v1/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    presets: [SwaggerUIBundle.presets.apis],
  });
};
`;

function problemPage(kind: RefusalKind, language: "en" | "zh"): string {
  const [en, zh] = meanings[kind];
  const meaning = language === "zh" ? zh : en;
  return `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<title>${kind}</title>
<h1><code>${kind}</code></h1>
<p>HTTP ${refusalStatus[kind]}</p>
<p>${meaning}</p>
<p><a href="/api/docs/">/api/docs</a></p>
</html>
`;
}
