import type { DockerApi } from "../../components/provider/docker.ts";
import type { RedisServer } from "../../components/provider/redis.ts";
import type { DatabaseLogin } from "../database.ts";
import type { InstanceContext } from "../instance/context.ts";
import type { Claim } from "../instance/lease.ts";
import type { Logger } from "../observability/log.ts";
import type { PlatformOutputs } from "../platform/outputs.ts";
import type { Run } from "../platform/run.ts";
import type { Settings } from "../settings.ts";
import type { Crypters } from "./crypters.ts";
import type { WorkerPool } from "./engine/pool.ts";
import type { Journal } from "./journal.ts";
import type { Lease } from "./lease.ts";
import type { StateStore } from "./state/state-store.ts";

/** Deadlines, in milliseconds. */
export interface Limits {
  /** For PostgreSQL, Redis and Docker to come back. */
  outsideMs: number;
  /** For somebody else's lock on a stack. */
  lockMs: number;
  /** From the container's start to the login page. */
  readyMs: number;
  /** For one run of the engine; then its set is killed. */
  runMs: number;
  /** For modules, translations and demo data. */
  oneOffMs: number;
  /** For what runs, when the provisioner is asked to stop; then it is given back. */
  stopMs: number;
}

/** What every operation is given: made once, when the provisioner starts. */
export interface Deps {
  settings: Settings;
  platform: PlatformOutputs;
  limits: Limits;
  /** This machine, as Pulumi's locks name it. */
  host: string;
  /** Whose leases are ours (see `workerName`). */
  worker: string;
  ctx: InstanceContext;
  pool: WorkerPool;
  state: StateStore;
  crypters: Crypters;
  docker: DockerApi;
  /** Runs programs of this machine. */
  run: Run;
  /** The superuser's logins on the tenants' and the platform's server. */
  tenantsServer: DatabaseLogin;
  platformServer: DatabaseLogin;
  redis: RedisServer;
  /** Addresses that containers have and the record does not. */
  strangers: () => Promise<string[]>;
  /** Folder with Pulumi.yaml and the stacks' config files. */
  workDir: string;
  /** Notes how long a step of an operation took. */
  timeStep: (kind: string, step: string, seconds: number) => void;
  log: Logger;
}

/** One claimed operation while it is worked on. */
export interface Work {
  claim: Claim;
  lease: Lease;
  journal: Journal;
  log: Logger;
  /** Aborted when the work must end at once, without another write: lease lost, or the provisioner stops. */
  end: AbortSignal;
  /** What nobody waits for: done once the end is told, and by the next provisioner's start if this one dies before. */
  afterwards: Array<() => Promise<void>>;
}

/** How an operation ended. */
export type Outcome =
  | { status: "succeeded" }
  | { status: "cancelled" | "failed"; error: { code: string; message: string } };
