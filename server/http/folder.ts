import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/**
 * Serves the built console: `/assets/*` have their content's hash in their names and are kept for ever by browsers; any
 * other path that is no file of it is a page of the console itself, which routes in the browser, so it gets index.html.
 * Only names found in the folder at the start are served, so no path can lead out of it.
 */
export function addFolder(app: FastifyInstance, folder: string): void {
  const files = filesOf(folder);
  app.get("/*", { exposeHeadRoute: true }, (request, reply) => {
    const path = decoded(request.url);
    if (path === null || path === "/api" || path.startsWith("/api/")) return reply.callNotFound();
    // A missing asset is one of an older build: the page in its place would be run as a script.
    const name = files.has(path) || path.startsWith("/assets/") ? path : "/index.html";
    const file = files.get(name);
    if (file === undefined) return reply.callNotFound();
    const cache = name.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-store";
    reply.header("cache-control", cache);
    return sendFile(request, reply, file);
  });
}

/** One file of a folder: compressed once, on first request, where that makes it smaller. */
export type ServedFile = { readonly path: string; readonly type: string; compressed: Promise<Buffer> | null };

export function filesOf(folder: string): ReadonlyMap<string, ServedFile> {
  const files = new Map<string, ServedFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = types[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, path).split(sep).join("/")}`, { path, type, compressed: null });
  }
  return files;
}

export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: ServedFile): Promise<FastifyReply> {
  reply.type(file.type);
  if (!compressible.test(file.type)) return reply.send(await readFile(file.path));
  reply.header("vary", "accept-encoding");
  if (!/\bbr\b/.test(String(request.headers["accept-encoding"] ?? ""))) return reply.send(await readFile(file.path));
  file.compressed ??= readFile(file.path).then((bytes) => compress(bytes, quality));
  return reply.header("content-encoding", "br").send(await file.compressed);
}

const compress = promisify(brotliCompress);
/** A quarter of the size in some 20 ms a megabyte; higher qualities take seconds for a tenth more. */
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
const compressible = /^(text|application)\/|svg/;

/** Maps for debuggers and sources are left out on purpose. */
const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

function decoded(url: string): string | null {
  try {
    return decodeURIComponent(url.split("?", 1)[0] ?? "/");
  } catch {
    return null;
  }
}
