/**
 * Where each route is and how it is called: all that a client needs at run time, kept apart from the schemas so that
 * neither the CLI nor the console loads those. api/routes.ts adds what each takes and gives.
 */
export type Path = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `:name` for parameters, below /api/v1. */
  readonly path: string;
  /** Honours Idempotency-Key: true for every POST that creates or moves something. */
  readonly idempotent?: boolean;
  /** Server-Sent Events of the response's schema instead of one JSON answer. */
  readonly stream?: boolean;
};

export const paths = {
  health: { method: "GET", path: "/health" },
  glance: { method: "GET", path: "/network" },
  signIn: { method: "POST", path: "/sign-in" },
  signOut: { method: "POST", path: "/sign-out" },
  me: { method: "GET", path: "/me" },
  setPassword: { method: "POST", path: "/me/password" },
  tokens: { method: "GET", path: "/tokens" },
  addToken: { method: "POST", path: "/tokens", idempotent: true },
  revokeToken: { method: "DELETE", path: "/tokens/:token" },
  submit: { method: "POST", path: "/jobs", idempotent: true },
  submitBulk: { method: "POST", path: "/jobs/bulk", idempotent: true },
  dryRun: { method: "POST", path: "/jobs/dry-run" },
  jobs: { method: "GET", path: "/jobs" },
  job: { method: "GET", path: "/jobs/:job" },
  tasks: { method: "GET", path: "/jobs/:job/tasks" },
  task: { method: "GET", path: "/jobs/:job/tasks/:index" },
  history: { method: "GET", path: "/jobs/:job/history" },
  why: { method: "GET", path: "/jobs/:job/why" },
  whatIf: { method: "GET", path: "/jobs/:job/what-if" },
  cancel: { method: "POST", path: "/jobs/:job/cancel", idempotent: true },
  declareLost: { method: "POST", path: "/jobs/:job/lost", idempotent: true },
  log: { method: "GET", path: "/jobs/:job/log" },
  followLog: { method: "GET", path: "/jobs/:job/log/follow", stream: true },
  events: { method: "GET", path: "/events", stream: true },
  usage: { method: "GET", path: "/usage" },
  exportHistory: { method: "GET", path: "/history" },
  ledgerCheck: { method: "GET", path: "/ledger/check" },
  centres: { method: "GET", path: "/centres" },
  nodes: { method: "GET", path: "/nodes" },
  offers: { method: "GET", path: "/offers" },
  addCentre: { method: "POST", path: "/centres", idempotent: true },
  addEnrolment: { method: "POST", path: "/centres/:centre/enrolment", idempotent: true },
  terms: { method: "GET", path: "/centres/:centre/terms" },
  setTerms: { method: "PUT", path: "/centres/:centre/terms" },
  previewTerms: { method: "POST", path: "/centres/:centre/terms/preview" },
  intake: { method: "GET", path: "/centres/:centre/intake" },
  setIntake: { method: "PUT", path: "/centres/:centre/intake" },
  askRotation: { method: "PUT", path: "/centres/:centre/rotation" },
  revokeCredentials: { method: "DELETE", path: "/centres/:centre/credential" },
  accounts: { method: "GET", path: "/centres/:centre/accounts" },
  askAccounts: { method: "PUT", path: "/centres/:centre/accounts" },
  limits: { method: "GET", path: "/centres/:centre/limits" },
  addTest: { method: "POST", path: "/centres/:centre/tests", idempotent: true },
  tests: { method: "GET", path: "/centres/:centre/tests" },
  test: { method: "GET", path: "/centres/:centre/tests/:test" },
  networkKeys: { method: "GET", path: "/network/keys" },
  policy: { method: "GET", path: "/policy" },
  setPolicy: { method: "PUT", path: "/policy" },
  tenants: { method: "GET", path: "/tenants" },
  addTenant: { method: "POST", path: "/tenants", idempotent: true },
  setTenantCores: { method: "PUT", path: "/tenants/:tenant/cores" },
  setProjectCores: { method: "PUT", path: "/projects/:project/cores" },
  setHome: { method: "PUT", path: "/tenants/:tenant/home" },
  projects: { method: "GET", path: "/projects" },
  addProject: { method: "POST", path: "/projects", idempotent: true },
  addMember: { method: "POST", path: "/projects/:project/members", idempotent: true },
  people: { method: "GET", path: "/people" },
  addPerson: { method: "POST", path: "/people", idempotent: true },
  addSignInLink: { method: "POST", path: "/people/:person/sign-in-link", idempotent: true },
  enrol: { method: "POST", path: "/agent/enrol" },
  rotate: { method: "POST", path: "/agent/credential" },
  session: { method: "POST", path: "/agent/session" },
  sync: { method: "POST", path: "/agent/sync" },
  answerRead: { method: "POST", path: "/agent/answers" },
  postTest: { method: "POST", path: "/agent/test" },
} as const satisfies Record<string, Path>;
