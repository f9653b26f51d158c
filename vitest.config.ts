import { defineConfig } from "vitest/config";

/** Folders under test/, from the quickest to the slowest. The slow ones share two cores: one file at a time. */
const project = (
  name: string,
  options: { testTimeout: number; parallel: boolean; environment?: boolean },
) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: options.testTimeout,
    hookTimeout: Math.max(120_000, options.testTimeout),
    fileParallelism: options.parallel,
    pool: "forks" as const,
    // One environment for all files of the folder.
    ...(options.environment ? { globalSetup: `test/${name}/environment.ts` } : {}),
  },
});

export default defineConfig({
  test: {
    projects: [
      project("unit", { testTimeout: 10_000, parallel: true }),
      project("components", { testTimeout: 30_000, parallel: false }),
      project("toolchain", { testTimeout: 60_000, parallel: false }),
      project("control-plane", { testTimeout: 30_000, parallel: true, environment: true }),
      project("fuzz", { testTimeout: 150_000, parallel: false, environment: true }),
      project("platform", { testTimeout: 300_000, parallel: false, environment: true }),
      project("cli-stack", { testTimeout: 300_000, parallel: false }),
      project("provisioner", { testTimeout: 300_000, parallel: false, environment: true }),
      project("e2e", { testTimeout: 600_000, parallel: false, environment: true }),
      project("faults", { testTimeout: 1_800_000, parallel: false }),
    ],
  },
});
