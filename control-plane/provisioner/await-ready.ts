import { names } from "../../stacks/tenant/names.ts";
import type { StackRecord } from "../instance/read-stack.ts";
import type { Deps, Outcome, Work } from "./deps.ts";
import { cancelled } from "./insist.ts";
import { away, untilBack } from "./outside.ts";
import { NotReadyError, untilReady } from "./readiness.ts";
import { notBack } from "./sentences.ts";

const odooPort = 8069;
/** A container that its engine has started again this often will not become ready. */
const hopelessRestarts = 3;

/** Waits until people can log in to an instance. Something outside being away only makes it wait longer. */
export async function awaitReady(
  deps: Deps,
  work: Work,
  stack: StackRecord,
  instance: string,
  giveUp: AbortSignal,
): Promise<Outcome> {
  const row = stack.instances.find(({ name }) => name === instance);
  if (!row?.address || row.hosts.length === 0)
    throw new Error(`The record of ${stack.tenantId}/${instance} has no address or host.`);
  const { container } = names(stack.tenantId, instance, deps.settings.env);
  const step = "wait for the login page";
  const signal = AbortSignal.any([work.end, work.lease.cancelled.signal, giveUp]);
  work.journal.begin(step);
  for (;;) {
    try {
      await untilReady({
        address: row.address,
        port: odooPort,
        hosts: row.hosts,
        httpPort: deps.platform.traefik.httpPort,
        deadlineMs: deps.limits.readyMs,
        isHopeless: () => isHopeless(deps, container),
        signal,
      });
      work.journal.end(step);
      return { status: "succeeded" };
    } catch (error) {
      work.end.throwIfAborted();
      work.journal.end(step, "failed");
      if (signal.aborted) return cancelled;
      if (!(error instanceof NotReadyError)) throw error;
      const missing = await away(deps);
      if (missing.length === 0)
        return { status: "failed", error: { code: "not_ready", message: error.message } };
      const still = await untilBack(deps, work, signal);
      if (still.length > 0)
        return { status: "failed", error: notBack(still, Math.round(deps.limits.outsideMs / 1000)) };
      work.journal.begin(step);
    }
  }
}

async function isHopeless(deps: Deps, container: string): Promise<string | undefined> {
  const answer = await deps.docker.call("GET", `/containers/${container}/json`).catch(() => undefined);
  const state = answer?.body as
    | { RestartCount: number; State: { Running: boolean; OOMKilled: boolean; ExitCode: number } }
    | undefined;
  if (!state || state.RestartCount < hopelessRestarts) return undefined;
  if (state.State.OOMKilled)
    return "Odoo needs more memory than its container has, and is ended again and again.";
  return `Odoo ends again and again while it starts (exit code ${state.State.ExitCode}). Its container's log says why.`;
}
