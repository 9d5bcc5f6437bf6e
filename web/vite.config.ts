import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const root = resolve(import.meta.dirname, "..");

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  plugins: [react(), routesWithoutSchemas()],
  build: {
    outDir: resolve(root, "dist/web"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    // What every page needs comes in two files, not in thirty; what only some need is left to the bundler.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: "base",
              test: /node_modules[\\/](react|react-dom|scheduler|i18next|react-i18next|@tanstack[\\/](query-core|react-query|router-core|react-router|history|store|react-store))[\\/]/,
            },
            { name: "parts", test: /web[\\/]src[\\/](parts|words[\\/](format|use|signals)|app)[\\/.]/ },
          ],
        },
      },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": { target: process.env.WEIR_URL ?? "http://127.0.0.1:8470", changeOrigin: true } },
  },
});

/**
 * The browser needs of each route its method and path; the server checks what is sent. This hands the client the very
 * table of api/routes.ts without its zod schemas, which would be a third of the first load, and refuses a build into
 * which zod slips in by another way.
 */
function routesWithoutSchemas(): Plugin {
  const path = resolve(root, "api/routes.ts");
  return {
    name: "weir-routes-without-schemas",
    async load(id) {
      if (id.split("?")[0] !== path) return null;
      const { routes } = await import(pathToFileURL(path).href);
      const table: Record<string, object> = {};
      for (const [name, { method, path, idempotent = false }] of Object.entries<RouteShape>(routes)) {
        table[name] = { method, path, idempotent };
      }
      return `export const routes = ${JSON.stringify(table)};`;
    },
    generateBundle() {
      for (const id of this.getModuleIds()) {
        if (/node_modules\/zod\//.test(id)) {
          this.error(
            `zod is in the console (${id}): import types only from api/, or move the value out of the schemas`,
          );
        }
      }
    },
  };
}

type RouteShape = { readonly method: string; readonly path: string; readonly idempotent?: boolean };
