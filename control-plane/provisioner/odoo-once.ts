import { join } from "node:path";
import type { names } from "../../stacks/tenant/names.ts";
import type { StackSpec } from "../instance/spec.ts";
import { CommandError } from "../platform/run.ts";
import type { Deps, Outcome, Work } from "./deps.ts";
import { cancelled } from "./insist.ts";
import { removeContainer } from "./objects.ts";
import { BrokenOff } from "./outlast.ts";
import { away } from "./outside.ts";
import { namedCause } from "./sentences.ts";

export interface OdooJob {
  spec: StackSpec;
  name: string;
  its: ReturnType<typeof names>;
  address: string;
  /** Where the container's secrets are. */
  folder: string;
  password: string;
}

const passwordPath = "/run/berth/db-password";
/** Where Odoo finds its settings in the container. */
export const configPath = "/run/berth/odoo.conf";

const logLines = 200;

/**
 * Runs Odoo once in a container of its own, and waits for its end. What Odoo says no to is an outcome; when something
 * outside may be why it ended, it throws.
 */
export async function odooOnce(deps: Deps, work: Work, job: OdooJob, args: string[]): Promise<Outcome> {
  const { name, its, address, folder } = job;
  const lines: string[] = [];
  const keep = (line: string) => {
    lines.push(line);
    if (lines.length > logLines) lines.shift();
  };
  const tooLong = AbortSignal.timeout(deps.limits.oneOffMs);
  const stop = AbortSignal.any([work.end, work.lease.cancelled.signal, tooLong]);
  stop.throwIfAborted();
  const remove = () =>
    void removeContainer(deps, name, deps.platform.images.odoo.ref).catch((error) =>
      work.log.error({ err: error }, "a one-off container could not be stopped"),
    );
  stop.addEventListener("abort", remove, { once: true });
  try {
    const options = [
      ...["--name", name, "--network", deps.platform.network.name, "--ip", address],
      ...Object.entries(its.labels).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
      ...deps.settings.tenantDns.flatMap((server) => ["--dns", server]),
      ...["--memory", "2g", "--memory-swap", "2g", "--cpus", "1", "--pids-limit", "256"],
      ...["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--log-driver", "none"],
      ...["--mount", `type=volume,src=${its.volume},dst=/var/lib/odoo`],
      ...["--mount", `type=bind,src=${join(folder, "db-password")},dst=${passwordPath},readonly`],
      ...["--mount", `type=bind,src=${join(folder, "odoo.conf")},dst=${configPath},readonly`],
      ...["--env", `BERTH_DB_PASSWORD_FILE=${passwordPath}`, "--env", "BERTH_WAIT_FOR_DATABASE=0"],
    ];
    // Odoo logs to standard error, which a runner gives only with a failure: merged inside the container's shell-less
    // entry it cannot be, so the engine's own merge (a terminal) is used.
    await deps.run("docker", ["run", "--rm", "--tty", ...options, deps.platform.images.odoo.ref, ...args], {
      onLine: keep,
    });
    return failures(lines) ?? { status: "succeeded" };
  } catch (error) {
    work.end.throwIfAborted();
    if (work.lease.cancelled.signal.aborted) return cancelled;
    if (tooLong.aborted) return tookTooLong(deps.limits.oneOffMs);
    const log = error instanceof CommandError ? error.output.split("\n").slice(-logLines) : lines;
    work.log.error({ err: error, log }, "the one-off step failed");
    const cause = brokenOffBy(`${error instanceof Error ? error.message : ""}\n${log.join("\n")}`);
    if (cause || (await away(deps)).length > 0) throw new BrokenOff(cause, error);
    return (
      failures(log) ??
      oneOffFailed(
        "Odoo ended with an error while it loaded modules, translations or demo data. The provisioner's log has what it said.",
      )
    );
  } finally {
    stop.removeEventListener("abort", remove);
  }
}

/** What took Odoo's connection or its container away while it worked. */
function brokenOffBy(log: string): string | undefined {
  // Docker's own failure, or SIGTERM: an engine that stops ends its containers while it still answers.
  if (/failed \((125|143)\)|^KeyboardInterrupt/m.test(log)) return "the Docker engine";
  return namedCause(log);
}

function tookTooLong(ms: number): Outcome {
  const message = `Loading modules, translations and demo data took longer than ${Math.round(ms / 1000)} s and was ended. Ask for fewer modules at once, or try again when the machine has less to do.`;
  return { status: "failed", error: { code: "modules_timeout", message } };
}

/** Odoo goes on after some failures and still ends with 0. */
function failures(lines: string[]): Outcome | undefined {
  const unloaded = lines.find((line) =>
    /invalid module names, ignored|Some modules are not loaded/.test(line),
  );
  return unloaded === undefined
    ? undefined
    : oneOffFailed(`Odoo could not load all modules: ${unloaded.replace(/^.*?: /, "").slice(0, 300)}.`);
}

function oneOffFailed(message: string): Outcome {
  return { status: "failed", error: { code: "modules_failed", message } };
}
