import { expect, inject, test } from "vitest";
import { serviceNames } from "../../control-plane/service-names.ts";
import { parseSettings } from "../../control-plane/settings.ts";
import { docker, healthOf, nameOf, untilHealthy } from "./containers.ts";

const settings = parseSettings(inject("berthEnv"));

test("a container is unhealthy while PostgreSQL is away, says so, and is healthy again by itself", async () => {
  const postgres = `berth-${settings.env}-postgres`;
  for (const service of serviceNames) expect(await healthOf(settings, service)).toBe("healthy");
  await docker("stop", postgres);
  try {
    for (const service of serviceNames) await untilHealthy(settings, service, "unhealthy");
    const last = "{{json .State.Health.Log}}";
    expect(await docker("inspect", "--format", last, nameOf(settings, "user"))).toContain("503");
  } finally {
    await docker("start", postgres);
  }
  for (const service of serviceNames) await untilHealthy(settings, service);
  const restarts = await docker("inspect", "--format", "{{.RestartCount}}", nameOf(settings, "user"));
  expect(restarts).toBe("0");
});

test("a container tells its figures on its own port", async () => {
  for (const service of serviceNames) {
    const answer = await fetch(`http://127.0.0.1:${settings.servicePorts[service]}/metrics`);
    const figures = await answer.text();
    expect(figures).toMatch(/^berth_build_info\{version="[^"]+"\} 1$/m);
    expect(figures).toMatch(new RegExp(`^berth_http_errors_total\\{service="${service}"\\} \\d+$`, "m"));
    expect(figures).toMatch(/^process_resident_memory_bytes \d+$/m);
  }
});

test("what a container says is lines of JSON, and no file in it has changed", async () => {
  for (const service of serviceNames) {
    const name = nameOf(settings, service);
    const lines = (await docker("logs", name)).split("\n");
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ part: service, env: settings.env });
    const changed = (await docker("diff", name)).split("\n").filter(Boolean);
    // Where the mounts are.
    expect(
      changed.filter((line) => !/^[AC] \/var(\/lib(\/berth(\/(services|mail)(\/\w+)?)?)?)?$/.test(line)),
    ).toEqual([]);
  }
});
