import { Agent, request } from "node:http";

/** A closed-loop load over kept-alive connections: each sends its next request when the last one was answered. */
export type Load = {
  readonly requests: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

export type Call = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: string;
  readonly key?: string;
};

/** `next` is asked for each request; anything but a 2xx answer ends the measurement with an error. */
export async function load(
  url: string,
  token: string,
  connections: number,
  seconds: number,
  next: () => Call,
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const base = new URL(url);
  const took: number[] = [];
  const untilMs = performance.now() + seconds * 1000;
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < untilMs) {
        const sentMs = performance.now();
        await send(agent, base, token, next());
        took.push(performance.now() - sentMs);
      }
    }),
  );
  const spentS = (performance.now() - startedMs) / 1000;
  agent.destroy();
  return {
    requests: took.length,
    seconds: spentS,
    perSecond: took.length / spentS,
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
  };
}

export function send(agent: Agent, base: URL, token: string, call: Call): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (call.body !== undefined) headers["content-type"] = "application/json";
    if (call.body !== undefined) headers["content-length"] = String(Buffer.byteLength(call.body));
    if (call.key !== undefined) headers["idempotency-key"] = call.key;
    const sent = request(
      { agent, host: base.hostname, port: base.port, method: call.method, path: call.path, headers },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (piece) => (text += piece));
        answer.on("error", reject);
        answer.on("end", () => {
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new Error(`${call.method} ${call.path}: ${status} ${text.slice(0, 500)}`));
        });
      },
    );
    sent.on("error", reject);
    sent.end(call.body);
  });
}

/** The value below which a share `q` of the samples lies; 0 of none. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}
