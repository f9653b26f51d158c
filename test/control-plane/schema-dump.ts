import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { TestServer } from "../support/postgres.ts";

const exec = promisify(execFile);

/** What a database is, without what is in it: tables, indexes, triggers, policies, owners, rights, and what was applied. */
export async function schemaOf(server: TestServer, database: string): Promise<string> {
  const login = ["--username", "postgres", "--port", `${server.port}`];
  const { stdout } = await exec(
    "docker",
    ["exec", "--env", "PGPASSWORD", server.container, "pg_dump", ...login, "--schema-only", database],
    { env: { ...process.env, PGPASSWORD: server.password } },
  );
  const applied = await server.sql(
    "select hash, created_at from drizzle.__drizzle_migrations order by created_at",
    [],
    database,
  );
  // Words that pg_dump makes up each time.
  const schema = stdout.replaceAll(/^\\(un)?restrict .*\n/gm, "");
  return `${schema}\n${applied.map((row) => JSON.stringify(row)).join("\n")}`;
}
