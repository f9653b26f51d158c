import type { TestProject } from "vitest/node";
import { testTools } from "../support/platform.ts";
import { prepareTemplates, startServer, type TestServerAddress } from "../support/postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    postgres: TestServerAddress;
    postgresImage: string;
    redisImage: string;
  }
}

/** One PostgreSQL for all files of a project, each of which clones its databases. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { images } = await testTools();
  const server = await startServer(images.postgres.ref);
  try {
    await prepareTemplates(server);
  } catch (error) {
    await server.remove();
    throw error;
  }
  const { container, port, password } = server;
  project.provide("postgres", { container, port, password });
  project.provide("postgresImage", images.postgres.ref);
  project.provide("redisImage", images.redis.ref);
  return () => server.remove();
}
