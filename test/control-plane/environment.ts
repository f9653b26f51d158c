import type { TestProject } from "vitest/node";
import { testTools } from "../support/platform.ts";
import { prepareTemplates, startServer, type TestServerAddress } from "../support/postgres.ts";
import { startRedis } from "../support/redis.ts";

declare module "vitest" {
  interface ProvidedContext {
    postgres: TestServerAddress;
    postgresImage: string;
    redisImage: string;
    /** One for all files: each counts and remembers by keys of its own. */
    redis: { port: number; password: string };
  }
}

/** One PostgreSQL for all files of a project, each of which clones its databases. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { images } = await testTools();
  const server = await startServer(images.postgres.ref);
  const redis = await startRedis(images.redis.ref).catch(async (error) => {
    await server.remove();
    throw error;
  });
  const remove = async () => {
    await redis.remove();
    await server.remove();
  };
  try {
    await prepareTemplates(server);
  } catch (error) {
    await remove();
    throw error;
  }
  const { container, port, password } = server;
  project.provide("postgres", { container, port, password });
  project.provide("postgresImage", images.postgres.ref);
  project.provide("redisImage", images.redis.ref);
  project.provide("redis", { port: redis.port, password: redis.password });
  return remove;
}
