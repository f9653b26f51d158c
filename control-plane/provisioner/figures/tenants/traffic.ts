import { get } from "node:http";
import { text } from "node:stream/consumers";

/** Requests of one of Traefik's services, since Traefik knows it. */
export interface Traffic {
  requests: { "2xx": number; "3xx": number; "4xx": number; "5xx": number };
  /** Seconds that all of them took together, and how many they were. */
  seconds: number;
  count: number;
}

export const noTraffic: Traffic = {
  requests: { "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 },
  seconds: 0,
  count: 0,
};

const wanted = {
  traefik_service_requests_total: "requests",
  traefik_service_request_duration_seconds_sum: "seconds",
  traefik_service_request_duration_seconds_count: "count",
} as const;

/** `{code="200",method="GET",protocol="http",service="ten_x-production@redis"} 12` */
const sample = /^(\w+)\{(.*)\} (\S+)$/;
const service = /(?:^|,)service="([^"]*)@redis"/;
const code = /(?:^|,)code="([2-5])\d\d"/;

/**
 * Traffic by service, from Traefik's own figures. Only services of Redis count, which are tenants'. Answers of 1xx are left
 * out: a websocket lasts for as long as somebody looks at a page.
 */
export function parseTraffic(figures: string): Map<string, Traffic> {
  const found = new Map<string, Traffic>();
  for (const line of figures.split("\n")) {
    if (!line.startsWith("traefik_service_request")) continue;
    const [, name = "", labels = "", value = ""] = sample.exec(line) ?? [];
    const what = wanted[name as keyof typeof wanted];
    const of = what && service.exec(labels)?.[1];
    const hundreds = of && code.exec(labels)?.[1];
    if (!hundreds) continue;
    const its = found.get(of) ?? { requests: { ...noTraffic.requests }, seconds: 0, count: 0 };
    if (what === "requests") its.requests[`${hundreds}xx` as keyof Traffic["requests"]] += Number(value);
    else its[what] += Number(value);
    found.set(of, its);
  }
  return found;
}

/** Milliseconds that Traefik may take. */
const patienceMs = 5_000;

/** @param port Traefik's admin port on 127.0.0.1 */
export async function readTraffic(port: number): Promise<Map<string, Traffic>> {
  const figures = await new Promise<string>((resolve, reject) => {
    const call = get(
      {
        host: "127.0.0.1",
        port,
        path: "/metrics",
        agent: false,
        signal: AbortSignal.timeout(patienceMs),
      },
      (answer) => {
        if (answer.statusCode === 200) return resolve(text(answer));
        answer.resume();
        reject(new Error(`Traefik answers ${answer.statusCode} when it is asked for its figures.`));
      },
    );
    call.once("error", reject);
  });
  return parseTraffic(figures);
}
