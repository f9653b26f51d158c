import { deriveKeys } from "../keys.ts";
import { createLog } from "../observability/log.ts";
import type { ServiceName } from "../service-names.ts";
import { createServices } from "../services.ts";
import type { OpenApiDocument } from "./operations.ts";

/** What each service says of its API. Nothing is connected for it. */
export async function openApiDocuments(): Promise<Record<ServiceName, OpenApiDocument>> {
  const nowhere = { url: "postgres://nobody@127.0.0.1:9/none", password: "" };
  const services = createServices({
    settings: { domain: "localhost", httpPort: 80 },
    logins: { user: nowhere, tenant: nowhere, instance: nowhere },
    redis: { port: 9, password: "" },
    keys: deriveKeys(Buffer.alloc(32).toString("base64")),
    mailer: { send: async () => undefined, close: () => undefined },
    log: createLog({ env: "docs", logLevel: "fatal" }, "docs"),
  });
  const documents = Object.entries(services.apps).map(([name, app]) => {
    const document = app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: name, version: "1" } });
    return [name, document as unknown as OpenApiDocument] as const;
  });
  await services.stop();
  return Object.fromEntries(documents) as Record<ServiceName, OpenApiDocument>;
}
