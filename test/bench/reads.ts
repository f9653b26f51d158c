import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import pg from "pg";
import { newId } from "../../control-plane/ids.ts";

/** Tenants that the record holds while reads are measured. */
const tenantsThere = 10_000;
const organizations = 200;
const connections = 10;
/** Short, so that all of it stays under the limit of reads for one caller. */
const seconds = 2;

/** Requests a second that were answered with 200, by each side, in turn. */
export interface Reads {
  bare: number[];
  berth: number[];
}

/**
 * Reads single tenants with an API key, and the same rows by a bare route with one indexed select, in turn.
 * @param login superuser of the tenant database, which gets 10,000 tenants more
 */
export async function measureReads(
  world: { apiUrl: string; key: string; login: pg.ClientConfig },
  rounds: number,
): Promise<Reads> {
  const slugs = await addTenants(world.login);
  const bare = await startBare(world.login);
  try {
    const sides = {
      bare: () =>
        rate(
          bare.url,
          slugs.map((slug) => `/tenants/${slug}`),
        ),
      berth: () =>
        rate(
          world.apiUrl,
          slugs.map((slug) => `/tenant/v1/tenants/${slug}`),
          {
            authorization: `Bearer ${world.key}`,
          },
        ),
    };
    const reads: Reads = { bare: [], berth: [] };
    for (let round = 0; round <= rounds; round++) {
      const order = round % 2 === 0 ? (["bare", "berth"] as const) : (["berth", "bare"] as const);
      for (const side of order) {
        const got = await sides[side]();
        // The first of each is a rehearsal.
        if (round > 0) reads[side].push(got);
      }
    }
    return reads;
  } finally {
    await bare.stop();
  }
}

async function addTenants(login: pg.ClientConfig): Promise<string[]> {
  const client = new pg.Client(login);
  await client.connect();
  try {
    const owners = Array.from({ length: organizations }, () => newId("org"));
    const ids = Array.from({ length: tenantsThere }, () => newId("ten"));
    const slugs = ids.map((id) => `b-${id.slice(4)}`);
    await client.query(
      `insert into tenants (id, organization_id, slug, name, status, url, admin_email, revision, operation_id,
         operation_kind, operation_status)
       select id, ($3::text[])[1 + (n % ${organizations})], slug, 'Bench', 'ready', 'http://' || slug || '.localhost',
         'ada@bench.example', 1, 'op_' || substr(id, 5), 'create', 'succeeded'
       from unnest($1::text[], $2::text[]) with ordinality as t (id, slug, n)`,
      [ids, slugs, owners],
    );
    await client.query("analyze tenants");
    return slugs.filter((_, i) => i % 50 === 0);
  } finally {
    await client.end();
  }
}

async function startBare(login: pg.ClientConfig): Promise<{ url: string; stop(): Promise<void> }> {
  const file = fileURLToPath(new URL("bare-server.ts", import.meta.url));
  const child = spawn(process.execPath, [file], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.write(`${JSON.stringify(login)}\n`);
  const [port] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const gone = once(child, "exit");
      child.stdin.end();
      await gone;
    },
  };
}

/** Requests a second; throws when one is not answered with 200. */
async function rate(url: string, paths: string[], headers: Record<string, string> = {}): Promise<number> {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: paths.map((path) => ({ path, headers })),
  });
  const { non2xx, errors, timeouts } = result;
  if (non2xx + errors + timeouts > 0)
    throw new Error(`${url}: ${non2xx} refused, ${errors} broken off, ${timeouts} not in time.`);
  return result["2xx"] / result.duration;
}
