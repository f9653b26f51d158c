import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";

const lowest = 20_000;
/** Given out by this process, and perhaps not in use yet. */
const given = new Set<number>();

/**
 * Ports that nothing listens on right now, all different. Chosen by chance, so that two test runs differ, and from
 * below those that the system gives to outgoing connections, which could take one before its server starts.
 */
export async function freePorts(count: number): Promise<number[]> {
  const range = await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
  const outgoing = Number(range.split("\t")[0]);
  const highest = outgoing > lowest + 1_000 ? outgoing : 65_535;
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > 1_000) throw new Error(`No ${count} ports from ${lowest} to ${highest} are free.`);
    const port = randomInt(lowest, highest);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
