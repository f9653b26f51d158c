import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { projectRoot } from "../../control-plane/paths.ts";
import { checkFirewall } from "../../control-plane/platform/firewall/check.ts";
import { firewallPlan } from "../../control-plane/platform/firewall/plan.ts";
import { findPlatform } from "../../control-plane/platform/outputs.ts";
import { secondEngine } from "../support/engine.ts";
import { run, settings } from "./support.ts";

test("put in place before the engine starts, the firewall holds from its first moment on", async () => {
  // A network namespace without a rule, as after the machine's start; the engine in it comes later.
  const engine = await secondEngine(`boot-${process.pid % 100_000}`, [], {
    ...process.env,
    ...inject("platformVariables"),
  });
  try {
    expect(await findPlatform(settings.dataDir)).toBeDefined();
    const check = () => checkFirewall(engine.inside, firewallPlan(settings));
    await engine.stop("SIGTERM");
    for (const family of ["iptables", "ip6tables"]) {
      for (const flush of ["-F", "-X"]) await engine.inside(family, [flush]);
    }
    expect((await check()).ok).toBe(false);
    const firewall = () => engine.inside(join(projectRoot, "bin/berth"), ["firewall"]);
    expect(await firewall()).toMatch(/is in place/);
    expect(await check()).toEqual({ ok: true, problems: [] });

    await engine.start();
    expect(await check()).toEqual({ ok: true, problems: [] });
    const { tenantSubnet, env } = settings;
    const bridge = `com.docker.network.bridge.name=br-${env}`;
    await engine.inside("docker", ["network", "create", "--subnet", tenantSubnet, "-o", bridge, "tenants"]);
    expect(await check()).toEqual({ ok: true, problems: [] });
    await engine.stop("SIGTERM");
    await engine.start();
    expect(await check()).toEqual({ ok: true, problems: [] });
    expect(await firewall()).toMatch(/was in place/);
  } finally {
    await engine.close();
  }
});

test("where no platform was ever brought up nothing is guarded", async () => {
  const nowhere = { ...process.env, ...inject("platformVariables"), BERTH_DATA_DIR: "/nonexistent/berth" };
  const said = await run(join(projectRoot, "bin/berth"), ["firewall"], { env: nowhere });
  expect(said).toMatch(/never brought up/);
});
