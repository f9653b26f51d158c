import { defineConfig } from "vitest/config";

/** Folders under test/, from the quickest to the slowest. The slow ones share two cores: one file at a time. */
const project = (
  name: string,
  options: {
    testTimeout: number;
    parallel: boolean;
    environment?: boolean;
    /** Where the tests are, if not in the folder of this name. */
    folder?: string;
    files?: string;
    /** Files of other folders that are run in this one's environment as well. */
    also?: string[];
  },
) => ({
  test: {
    name,
    include: [`test/${options.folder ?? name}/**/${options.files ?? "*"}.test.ts`, ...(options.also ?? [])],
    testTimeout: options.testTimeout,
    hookTimeout: Math.max(120_000, options.testTimeout),
    fileParallelism: options.parallel,
    pool: "forks" as const,
    // One environment for all files of the folder.
    ...(options.environment ? { globalSetup: `test/${options.folder ?? name}/environment.ts` } : {}),
  },
});

export default defineConfig({
  test: {
    // What a list held is what tells why a test failed.
    chaiConfig: { truncateThreshold: 2000 },
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
      // Once more with each service in a process of its own.
      project("e2e-apart", {
        testTimeout: 600_000,
        parallel: false,
        environment: true,
        folder: "e2e",
        files: "{audit-story,cli,control-plane,first-steps,isolation,tenant-life,traefik}",
      }),
      // The services in containers, and what their processes can reach.
      project("images", {
        testTimeout: 600_000,
        parallel: false,
        environment: true,
        also: ["test/e2e/first-steps.test.ts", "test/e2e/tenant-life.test.ts"],
      }),
      // What a person does who works on Berth: up, down, restart, logs, doctor, reset.
      project("daily", { testTimeout: 300_000, parallel: false, environment: true }),
      project("outages", { testTimeout: 300_000, parallel: false, environment: true }),
      project("recovery", { testTimeout: 300_000, parallel: false, environment: true }),
      // What a newcomer sees, in a real browser.
      project("newcomer", { testTimeout: 180_000, parallel: false, environment: true }),
      // A real Prometheus beside tenants under load, asked all that panels and alerts ask.
      project("monitoring", { testTimeout: 600_000, parallel: false, environment: true }),
      project("secrets", { testTimeout: 300_000, parallel: false }),
      project("faults", { testTimeout: 1_800_000, parallel: false }),
    ],
  },
});
