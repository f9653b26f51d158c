import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { Scalar } from "@scalar/hono-api-reference";
import type { HttpEnv } from "./context.ts";

// The package exports its module build; the one-file build for pages lies beside it.
const scalarScript = join(
  dirname(createRequire(import.meta.url).resolve("@scalar/api-reference")),
  "browser/standalone.js",
);

/** Serves `/<service>/openapi.json` (OpenAPI 3.1) and a reference page that loads nothing from elsewhere. */
export function addDocs(app: OpenAPIHono<HttpEnv>, service: string, description: string): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "key", { type: "http", scheme: "bearer" });
  app.doc31(`/${service}/openapi.json`, {
    openapi: "3.1.0",
    info: { title: `Berth: ${service} service`, version: "1", description },
    servers: [{ url: "/" }],
    security: [{ key: [] }],
  });
  app.get(
    `/${service}/reference`,
    async (c, next) => {
      await next();
      c.res.headers.set(
        "content-security-policy",
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:",
      );
    },
    Scalar({
      url: `/${service}/openapi.json`,
      cdn: `/${service}/reference/scalar.js`,
      pageTitle: `Berth: ${service} service`,
      withDefaultFonts: false,
      telemetry: false,
    }),
  );
  let script: Promise<string> | undefined;
  app.get(`/${service}/reference/scalar.js`, async (c) => {
    script ??= readFile(scalarScript, "utf8");
    return c.body(await script, 200, {
      "content-type": "text/javascript",
      "cache-control": "public, max-age=3600",
    });
  });
}
