import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import startPostgres from "../control-plane/environment.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the schemathesis to run. */
    schemathesis: string;
  }
}

const install = fileURLToPath(new URL("../../toolchain/fuzz/install.sh", import.meta.url));

/** PostgreSQL as for the control plane's own tests, and schemathesis. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const installing = promisify(execFile)(install);
  installing.child.stderr?.pipe(process.stderr);
  const { stdout } = await installing;
  project.provide("schemathesis", stdout.trim());
  return startPostgres(project);
}
