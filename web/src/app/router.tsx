import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  notFound,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { parseTaskName } from "#core/ids.ts";
import { readActsSearch } from "../areas/acts/search.ts";
import { readJobSearch } from "../areas/job/search.ts";
import { readJobsSearch } from "../areas/jobs/search.ts";
import { readSubmitSearch } from "../areas/submit/search.ts";
import { readUsageSearch } from "../areas/usage/search.ts";
import { isRefused } from "./client.ts";
import { Broken, Lost, Waiting } from "./fallbacks.tsx";
import { Frame } from "./frame.tsx";
import { loadWords } from "./language.ts";
import { meQuery } from "./session.ts";

/**
 * Every page of the console. A new area is a folder under `areas/` with its page, parts and two message files, one route
 * here and, where it has a place in the menu, one line in `navigation.ts`. Pages and their words load when first opened.
 */
export function createConsoleRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultPendingComponent: Waiting,
    defaultErrorComponent: Broken,
    defaultNotFoundComponent: Lost,
  });
}

const root = createRootRouteWithContext<{ readonly queries: QueryClient }>()({ component: Outlet });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    // Only a path of this very site: a link must not carry anyone elsewhere after signing in.
    typeof search.next === "string" && /^\/(?![/\\])/.test(search.next) ? { next: search.next } : {},
  loader: () => loadWords("sign-in"),
  component: lazyRouteComponent(() => import("../areas/sign-in/page.tsx"), "SignInPage"),
});

/** What needs somebody signed in: the frame with the menu, and every page inside it. */
const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queries.ensureQueryData(meQuery);
    } catch (error) {
      if (!isRefused(error, 401)) throw error;
      throw redirect({ to: "/sign-in", search: location.pathname === "/" ? {} : { next: location.href } });
    }
  },
  component: Frame,
});

const network = createRoute({
  getParentRoute: () => frame,
  path: "/",
  loader: () => loadWords("network", "centres"),
  component: lazyRouteComponent(() => import("../areas/network/page.tsx"), "NetworkPage"),
});
const jobs = createRoute({
  getParentRoute: () => frame,
  path: "/jobs",
  validateSearch: readJobsSearch,
  loader: () => loadWords("jobs"),
  component: lazyRouteComponent(() => import("../areas/jobs/page.tsx"), "JobsPage"),
});
const job = createRoute({
  getParentRoute: () => frame,
  path: "/jobs/$job",
  validateSearch: readJobSearch,
  beforeLoad: ({ params, search }) => {
    const { job, index = null } = parseTaskName(params.job) ?? {};
    if (index === null) return;
    throw redirect({ to: "/jobs/$job", params: { job: `${job}` }, search: { ...search, task: index }, replace: true });
  },
  loader: ({ params }) => {
    if (parseTaskName(params.job) === null) throw notFound();
    return loadWords("job", "submit");
  },
  component: lazyRouteComponent(() => import("../areas/job/page.tsx"), "JobPage"),
});
const submit = createRoute({
  getParentRoute: () => frame,
  path: "/submit",
  validateSearch: readSubmitSearch,
  loader: () => loadWords("submit", "job"),
  component: lazyRouteComponent(() => import("../areas/submit/page.tsx"), "SubmitPage"),
});
const usage = createRoute({
  getParentRoute: () => frame,
  path: "/usage",
  validateSearch: readUsageSearch,
  loader: () => loadWords("usage"),
  component: lazyRouteComponent(() => import("../areas/usage/page.tsx"), "UsagePage"),
});
const centres = createRoute({
  getParentRoute: () => frame,
  path: "/centres",
  loader: () => loadWords("centres"),
  component: lazyRouteComponent(() => import("../areas/centres/page.tsx"), "CentresPage"),
});
const policy = createRoute({
  getParentRoute: () => frame,
  path: "/policy",
  loader: () => loadWords("policy", "submit", "centres"),
  component: lazyRouteComponent(() => import("../areas/policy/page.tsx"), "PolicyPage"),
});
const tokens = createRoute({
  getParentRoute: () => frame,
  path: "/tokens",
  loader: () => loadWords("account"),
  component: lazyRouteComponent(() => import("../areas/account/tokens-page.tsx"), "TokensPage"),
});
const password = createRoute({
  getParentRoute: () => frame,
  path: "/password",
  loader: () => loadWords("account"),
  component: lazyRouteComponent(() => import("../areas/account/password-page.tsx"), "PasswordPage"),
});
const administration = createRoute({
  getParentRoute: () => frame,
  path: "/administration",
  loader: () => loadWords("administration"),
  component: lazyRouteComponent(() => import("../areas/administration/page.tsx"), "AdministrationPage"),
});
const person = createRoute({
  getParentRoute: () => frame,
  path: "/administration/people/$person",
  loader: () => loadWords("administration", "acts"),
  component: lazyRouteComponent(() => import("../areas/administration/person-page.tsx"), "PersonPage"),
});
const acts = createRoute({
  getParentRoute: () => frame,
  path: "/acts",
  validateSearch: readActsSearch,
  loader: () => loadWords("acts"),
  component: lazyRouteComponent(() => import("../areas/acts/page.tsx"), "ActsPage"),
});
/** Any other address: the frame with its menu stays. */
const lost = createRoute({ getParentRoute: () => frame, path: "$", component: Lost });

const tree = root.addChildren([
  signIn,
  frame.addChildren([
    network,
    jobs,
    job,
    submit,
    usage,
    centres,
    policy,
    tokens,
    password,
    administration,
    person,
    acts,
    lost,
  ]),
]);

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>;
  }
}
