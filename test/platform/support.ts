import { readFile } from "node:fs/promises";
import { Client } from "pg";
import { inject } from "vitest";
import { dataPaths, type Login } from "../../control-plane/paths.ts";
import type { PlatformArgs } from "../../control-plane/platform/bring-up.ts";
import { createRun } from "../../control-plane/platform/run.ts";
import { parseSettings } from "../../control-plane/settings.ts";
import { testTools } from "../support/platform.ts";

export const settings = parseSettings(inject("platformVariables"));
export const paths = dataPaths(settings.dataDir);
export const run = createRun(process.env);

/** What `bringUp` and `takeDown` take; what is told goes into `told`. */
export async function platformArgs(): Promise<PlatformArgs & { told: string[] }> {
  const told: string[] = [];
  const progress = (text: string) => void told.push(text);
  return { settings, tools: await testTools(), env: process.env, progress, told };
}

/** One connection as a login of the control plane, or with any other password. */
export async function connect(options: {
  user: Login | "postgres" | (string & {});
  database: string;
  host?: string;
  password?: string;
}): Promise<Client> {
  const { user, database, host = "127.0.0.1" } = options;
  const file = user === "postgres" ? paths.postgresPassword : paths.loginPassword(user as Login);
  const password = options.password ?? (await readFile(file, "utf8")).trim();
  const client = new Client({
    host,
    port: settings.postgresPort,
    user,
    database,
    password,
    connectionTimeoutMillis: 5000,
  });
  await client.connect();
  return client;
}

/** Runs statements as the administrator of PostgreSQL. */
export async function asAdmin<T>(work: (client: Client) => Promise<T>, database = "postgres"): Promise<T> {
  const client = await connect({ user: "provisioner", database });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
