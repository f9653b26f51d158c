import type { World } from "./world.ts";

/** A host and one of its ports. */
export type Address = readonly [host: string, port: number];

/**
 * Tries to open connections from inside a tenant's container, all at once, as Odoo's own user. Gives for each `host:port` whether
 * it was opened.
 */
export async function dial(
  world: World,
  container: string,
  addresses: readonly Address[],
): Promise<Record<string, "open" | "closed">> {
  const code = `
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def dial(address):
    try:
        socket.create_connection(tuple(address), 1.5).close()
        return "open"
    except OSError:
        return "closed"
with ThreadPoolExecutor(32) as pool:
    print(json.dumps(list(pool.map(dial, json.loads(sys.argv[1])))))`;
  const said = await world.docker("exec", container, "python3", "-c", code, JSON.stringify(addresses));
  const found = JSON.parse(said) as Array<"open" | "closed">;
  return Object.fromEntries(
    addresses.map(([host, port], n) => [`${host}:${port}`, found[n] as "open" | "closed"]),
  );
}
