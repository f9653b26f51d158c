import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { parseTraffic, readTraffic } from "../../../../control-plane/provisioner/figures/tenants/traffic.ts";

// As Traefik 3.6 writes it.
const figures = `# HELP traefik_service_request_duration_seconds How long it took to process the request on a service, partitioned by status code, protocol, and method.
# TYPE traefik_service_request_duration_seconds histogram
traefik_service_request_duration_seconds_bucket{code="200",method="GET",protocol="http",service="ten_a-production@redis",le="0.1"} 2
traefik_service_request_duration_seconds_bucket{code="200",method="GET",protocol="http",service="ten_a-production@redis",le="+Inf"} 3
traefik_service_request_duration_seconds_sum{code="200",method="GET",protocol="http",service="ten_a-production@redis"} 0.5
traefik_service_request_duration_seconds_count{code="200",method="GET",protocol="http",service="ten_a-production@redis"} 3
traefik_service_request_duration_seconds_sum{code="200",method="POST",protocol="http",service="ten_a-production@redis"} 1.25e-1
traefik_service_request_duration_seconds_count{code="200",method="POST",protocol="http",service="ten_a-production@redis"} 1
traefik_service_request_duration_seconds_sum{code="101",method="GET",protocol="websocket",service="ten_a-production@redis"} 86400
traefik_service_request_duration_seconds_count{code="101",method="GET",protocol="websocket",service="ten_a-production@redis"} 4
traefik_service_request_duration_seconds_sum{code="502",method="GET",protocol="http",service="ten_b-staging-2@redis"} 5
traefik_service_request_duration_seconds_count{code="502",method="GET",protocol="http",service="ten_b-staging-2@redis"} 2
# TYPE traefik_service_requests_total counter
traefik_service_requests_total{code="200",method="GET",protocol="http",service="ten_a-production@redis"} 3
traefik_service_requests_total{code="200",method="POST",protocol="http",service="ten_a-production@redis"} 1
traefik_service_requests_total{code="101",method="GET",protocol="websocket",service="ten_a-production@redis"} 4
traefik_service_requests_total{code="303",method="GET",protocol="http",service="ten_a-production@redis"} 1.5e+06
traefik_service_requests_total{code="404",method="EXTENSION_METHOD",protocol="http",service="ten_a-production@redis"} 7
traefik_service_requests_total{code="502",method="GET",protocol="http",service="ten_b-staging-2@redis"} 2
traefik_service_requests_total{code="503",method="GET",protocol="http",service="ten_b-staging-2@redis"} 1
traefik_service_requests_total{code="200",method="GET",protocol="http",service="api-user@file"} 99
traefik_service_requests_bytes_total{code="200",method="GET",protocol="http",service="ten_a-production@redis"} 1234
traefik_entrypoint_requests_total{code="200",entrypoint="web",method="GET",protocol="http"} 4
`;

const expected = {
  "ten_a-production": {
    requests: { "2xx": 4, "3xx": 1_500_000, "4xx": 7, "5xx": 0 },
    seconds: 0.625,
    count: 4,
  },
  "ten_b-staging-2": { requests: { "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 3 }, seconds: 5, count: 2 },
};

test("requests of tenants are read from Traefik's figures: by class, without websockets, without other services", () => {
  expect(Object.fromEntries(parseTraffic(figures))).toEqual(expected);
  expect(parseTraffic("").size).toBe(0);
});

test("an answer that is none is an error, not no requests", async () => {
  let status = 200;
  const server = createServer((_, response) => response.writeHead(status).end(figures)).listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    expect(Object.fromEntries(await readTraffic(port))).toEqual(expected);
    status = 404;
    await expect(readTraffic(port)).rejects.toThrow(/answers 404/);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  await expect(readTraffic(port)).rejects.toThrow(/ECONNREFUSED/);
});
