import "./base.css";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startAntdLabels } from "./app/antd-labels.ts";
import { isRefused, Refused } from "./app/client.ts";
import { startLanguage } from "./app/language.ts";
import { Look } from "./app/look.tsx";
import { createConsoleRouter } from "./app/router.tsx";
import { isLeaving } from "./app/session.ts";
import { startTheme } from "./app/theme.ts";

startTheme();
await startLanguage();
startAntdLabels();

/** A session that ended under an open page leads to the sign-in page, and back here afterwards. */
function onError(error: unknown): void {
  if (!isRefused(error, 401) || isLeaving() || router.state.location.pathname === "/sign-in") return;
  queries.clear();
  void router.navigate({ to: "/sign-in", search: { next: router.state.location.href } });
}

const queries = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    mutations: { networkMode: "always" },
    queries: {
      // The server may be this machine, and is asked also where a browser takes itself for offline.
      networkMode: "always",
      staleTime: 5_000,
      retry: (count, error) => count < 2 && !(error instanceof Refused),
    },
  },
});
const router = createConsoleRouter(queries);

// A new version was installed under an open page: its parts have other names now. Once, not in a circle.
window.addEventListener("vite:preloadError", () => {
  const lastMs = Number(sessionStorage.getItem("weir.reloaded"));
  if (Date.now() - lastMs < 10_000) return;
  sessionStorage.setItem("weir.reloaded", String(Date.now()));
  location.reload();
});

const place = document.getElementById("console");
if (!place) throw new Error("index.html has no #console");
createRoot(place).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Look>
        <RouterProvider router={router} />
      </Look>
    </QueryClientProvider>
  </StrictMode>,
);
