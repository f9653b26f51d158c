import type { ServiceName } from "../service-names.ts";
import type { HttpEnv } from "./context.ts";
import { apiHeaders } from "./headers.ts";

type Fetch = (request: Request, env: HttpEnv["Bindings"]) => Response | Promise<Response>;

/** Where the services are when only one of them answers on a port. */
interface Apart {
  own: ServiceName;
  urls: Record<ServiceName, string>;
}

const services = ["user", "tenant", "instance"] as const;

/** Who asks by these names comes to the port of the one service; any other name is a proxy's, which has all of them by their paths. */
const ownNames = ["127.0.0.1", "localhost"];

/** A URL of no path. It is looked at as text: each request comes by here. */
const bare = /^[a-z]+:\/\/[^/?#]*\/?(?:[?#]|$)/i;

/**
 * Answers `/` besides what the services answer, for who opens the bare address: a browser gets a page that leads on, a program the
 * same as JSON. It tells nothing that the paths of the services do not tell.
 */
export function withFrontPage(fetch: Fetch, apart?: Apart): Fetch {
  return (request, env) => {
    if (!bare.test(request.url) || !["GET", "HEAD"].includes(request.method)) return fetch(request, env);
    const links = linksOf(ownNames.includes(new URL(request.url).hostname) ? apart : undefined);
    const headers = { ...Object.fromEntries(apiHeaders), vary: "accept" };
    if (!request.headers.get("accept")?.includes("text/html"))
      return Response.json({ services: links }, { headers });
    return new Response(html(links), { headers: { ...headers, "content-type": "text/html; charset=utf-8" } });
  };
}

type Links = Record<string, { reference: string; openapi: string; health: string }>;

function linksOf(apart: Apart | undefined): Links {
  const of = (service: ServiceName) => (page: string) => {
    const path = `/${service}/${page}`;
    return apart === undefined || apart.own === service ? path : new URL(path, apart.urls[service]).href;
  };
  return Object.fromEntries(
    services.map((service) => {
      const at = of(service);
      return [service, { reference: at("reference"), openapi: at("openapi.json"), health: at("health") }];
    }),
  );
}

function html(links: Links): string {
  const items = Object.entries(links).map(
    ([service, { reference, openapi, health }]) =>
      `<li>${service} service: <a href="${reference}">reference</a>, <a href="${openapi}">OpenAPI</a>, <a href="${health}">health</a></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Berth</title>
</head>
<body>
<h1>Berth</h1>
<p>This is the API: programs call it. Most of it takes an API key, or a session, as <code>Authorization: Bearer ...</code></p>
<ul>
${items.join("\n")}
</ul>
</body>
</html>
`;
}
