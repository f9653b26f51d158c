import { existsSync } from "node:fs";
import type { Check } from "../finding.ts";

/** Debian 12's; the API of what is older lacks what the platform's stack uses. */
const oldest = [20, 10];

export const engine: Check = {
  name: "Docker engine",
  async look({ engine: found, env }) {
    if ("away" in found) {
      const start = existsSync("/run/systemd/system") ? "systemctl start docker" : "bin/setup";
      return [
        {
          status: "wrong",
          what: `The Docker engine does not answer: ${found.away}.`,
          why: "PostgreSQL, Redis, Traefik and all tenants are its containers.",
          mend: env.DOCKER_HOST ? `${start} (DOCKER_HOST is ${env.DOCKER_HOST})` : start,
        },
      ];
    }
    const [major = 0, minor = 0] = found.version.split(".").map(Number);
    const isOld = major < (oldest[0] ?? 0) || (major === oldest[0] && minor < (oldest[1] ?? 0));
    if (!isOld) return { well: `version ${found.version}` };
    return [
      {
        status: "wrong",
        what: `The Docker engine is version ${found.version}, older than ${oldest.join(".")}.`,
        why: "Berth was never run on one that is that old.",
        mend: "Install a newer one: apt-get install docker.io",
      },
    ];
  },
};
