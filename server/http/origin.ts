import type { Refusal } from "#core/refusal.ts";

/**
 * Under which names this server answers. A page of another site that makes its own name point here (DNS rebinding)
 * carries that name in `Host`, so a name that is not ours is refused before anything else. Only the name counts, not
 * the port: a tunnel may end at another port, and no page can choose what it does not know. An entry of WEIR_HOSTS with
 * a port is taken by its word.
 */
export function ownHosts(settings: {
  /** WEIR_HOSTS: names with commas between them. */
  readonly hosts: string | undefined;
  /** WEIR_URL: the public address behind a reverse proxy. */
  readonly publicUrl: string | undefined;
}): ReadonlySet<string> {
  const named = (settings.hosts ?? "").split(",").map((host) => host.trim().toLowerCase());
  const own = new Set([...loopback, ...named.filter((host) => host !== "")]);
  if (settings.publicUrl) own.add(new URL(settings.publicUrl).hostname.toLowerCase());
  return own;
}

const loopback = ["127.0.0.1", "localhost", "[::1]"];

export function checkHost(host: string | undefined, own: ReadonlySet<string>): Refusal | null {
  return isOurs(host, own) ? null : { kind: "host-not-ours", host: (host ?? "").toLowerCase().slice(0, 255) };
}

export function isOurs(host: string | undefined, own: ReadonlySet<string>): boolean {
  const asked = (host ?? "").toLowerCase();
  return own.has(asked) || own.has(asked.replace(/:\d+$/, ""));
}

/**
 * A change that rests on a cookie must come from a page of this very origin: the same host and port the request was
 * sent to. Browsers say so by Origin on every POST and DELETE, or at least by Sec-Fetch-Site.
 */
export function checkOrigin(headers: OriginHeaders): Refusal | null {
  const { origin, host } = headers;
  if (origin === undefined) {
    const site = headers["sec-fetch-site"];
    return site === "same-origin" ? null : { kind: "origin-not-ours", origin: `(${site ?? "none"})` };
  }
  return isSame(origin, host) ? null : { kind: "origin-not-ours", origin: origin.slice(0, 255) };
}

type OriginHeaders = {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
  readonly "sec-fetch-site"?: string | string[] | undefined;
};

function isSame(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  return new URL(origin).host === (host ?? "").toLowerCase().replace(/:(80|443)$/, "");
}
