import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { dataPaths, projectRoot } from "../../control-plane/paths.ts";
import type { ServiceName } from "../../control-plane/service-names.ts";
import { parseSettings } from "../../control-plane/settings.ts";
import { askSupervisor, type SupervisorStatus } from "../../control-plane/supervisor/ask.ts";
import { until } from "../../control-plane/until.ts";
import { freePorts } from "../support/free-ports.ts";

export interface Supervised {
  /** Of all services, or of each. */
  port: number;
  status(): Promise<SupervisorStatus>;
  pidOf(name: ServiceName | "services" | "provisioner"): Promise<number>;
  stop(): Promise<void>;
}

/** Runs the control plane as `bin/berth start` does, beside the containers of the same environment. */
export async function supervised(
  variables: Record<string, string>,
  services: "together" | "apart",
): Promise<Supervised> {
  const [api = 0, user = 0, tenant = 0, instance = 0, provisioner = 0] = await freePorts(5);
  const own = {
    ...variables,
    BERTH_SERVICES: services,
    BERTH_API_PORT: `${api}`,
    BERTH_USER_PORT: `${user}`,
    BERTH_TENANT_PORT: `${tenant}`,
    BERTH_INSTANCE_PORT: `${instance}`,
    BERTH_PROVISIONER_PORT: `${provisioner}`,
  };
  const { supervisorSocket } = dataPaths(parseSettings(own).dataDir);
  const supervisor = spawn(join(projectRoot, "bin/berth"), ["supervise"], {
    env: { ...process.env, ...own },
    stdio: "ignore",
  });
  const stop = async () => {
    if (supervisor.exitCode !== null || supervisor.signalCode !== null) return;
    const exit = once(supervisor, "exit");
    supervisor.kill("SIGTERM");
    await exit;
  };
  const status = async () => {
    const told = await askSupervisor(supervisorSocket, "status");
    if (!told) throw new Error("The supervisor does not answer.");
    return told;
  };
  const ports = services === "together" ? [api] : [user, tenant, instance];
  const answers = async () => {
    const all = await Promise.all(
      ports.map((port) => fetch(`http://127.0.0.1:${port}/health/database`).catch(() => undefined)),
    );
    return all.every((answer) => answer?.ok);
  };
  await until(answers, { what: "the services to answer", deadlineMs: 90_000, everyMs: 100 }).catch(
    async (error) => {
      await stop();
      throw error;
    },
  );
  return {
    port: api,
    status,
    stop,
    async pidOf(name) {
      const pid = (await status()).children.find((child) => child.name === name)?.pid;
      if (pid === undefined) throw new Error(`${name} does not run.`);
      return pid;
    },
  };
}
