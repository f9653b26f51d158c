import { globSync } from "node:fs";
import { expect, test } from "vitest";
import {
  containerParts,
  findPart,
  type PartName,
  partNames,
  partOf,
  processOf,
} from "../../control-plane/part-names.ts";
import { projectRoot } from "../../control-plane/paths.ts";
import { toolNames, toolPortVariables } from "../../control-plane/tool-names.ts";
import { serviceTests } from "../service-tests.ts";

test("a wrong name and a missing one are told which there are for the verb", () => {
  const takes = ["postgres", "redis"] as const;
  expect(findPart("restart", "redis", takes)).toBe("redis");
  expect(() => findPart("restart", "mysql", takes)).toThrow(
    'There is no part "mysql" to restart: postgres, redis.',
  );
  for (const none of [undefined, ""])
    expect(() => findPart("restart", none, takes)).toThrow("Say which part to restart: postgres, redis.");
  // A real part that the verb does not take is no right name either.
  expect(() => findPart("restart", "traefik", takes)).toThrow("no part");
});

test("every part that has a port is one of the names, and is there as its tool is", () => {
  for (const { part } of Object.values(toolPortVariables)) expect(partNames).toContain(part);
  expect(containerParts({ tools: [] })).toEqual(["postgres", "redis", "traefik"]);
  expect(containerParts({ tools: ["prometheus"] })).toHaveLength(7);
  expect(containerParts({ tools: [...toolNames] })).toHaveLength(10);
});

test("a service is a process of its own, or in the one that three share", () => {
  expect(processOf({ services: "together" }, "tenant-service")).toBe("services");
  expect(processOf({ services: "apart" }, "tenant-service")).toBe("tenant");
  expect(processOf({ services: "together" }, "provisioner")).toBe("provisioner");
  expect(processOf({ services: "apart" }, "redis")).toBeUndefined();
});

test("the tests of every part are there", () => {
  for (const [part, projects] of Object.entries(serviceTests)) {
    for (const [project, ...files] of projects) {
      expect(files.length, `${part}, ${project}`).toBeGreaterThan(0);
      for (const file of files) {
        const found = globSync([`${file}*`, `${file}/**/*.test.ts`], { cwd: projectRoot });
        expect(
          found.filter((name) => name.endsWith(".test.ts")),
          `${part}: ${file}`,
        ).not.toHaveLength(0);
      }
    }
  }
});

test("of a tool more is tested than that its container can be made", () => {
  for (const [part, projects] of Object.entries(serviceTests)) {
    const { tool } = partOf(part as PartName);
    if (tool === undefined) continue;
    const tested = projects.flatMap(([project, ...files]) => files.map((file) => `${project}: ${file}`));
    expect(tested, part).toContain("platform: test/platform/tools");
    if (tool === "prometheus") expect(tested, part).toContain("monitoring: test/monitoring");
    if (tool === "pgadmin" || tool === "mailpit") expect(tested, part).toContain("newcomer: test/newcomer");
  }
});
