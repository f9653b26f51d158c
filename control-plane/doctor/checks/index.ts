import type { Check } from "../finding.ts";
import { clock } from "./clock.ts";
import { disk } from "./disk.ts";
import { engine } from "./engine.ts";
import { firewall } from "./firewall.ts";
import { kernel } from "./kernel.ts";
import { keys } from "./keys.ts";
import { locks } from "./locks.ts";
import { memory } from "./memory.ts";
import { migrations } from "./migrations.ts";
import { modes } from "./modes.ts";
import { node } from "./node.ts";
import { packages } from "./packages.ts";
import { parts } from "./parts.ts";
import { ports } from "./ports.ts";
import { queue } from "./queue.ts";
import { services } from "./services.ts";
import { template } from "./template.ts";
import { toolchain } from "./toolchain.ts";
import { workers } from "./workers.ts";

/** In the order in which a person mends: the machine, what was installed, the platform, the control plane, its work. */
export const checks: readonly Check[] = [
  ...[node, packages, memory, disk, kernel, clock, engine, toolchain],
  ...[ports, parts, firewall, template, modes, keys, locks],
  ...[migrations, services, workers, queue],
];
