import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import pg from "pg";
import { newId } from "../../control-plane/ids.ts";

/** Tenants that the record holds while reads are measured. */
const tenantsThere = 10_000;
const organizations = 200;
/** Enough that neither side waits for who asks. */
const connections = 32;
const seconds = 2;

/** Requests a second that were answered with 200, by each side, in turn. */
export interface Reads {
  /** As one writes such a route: PostgreSQL by its port. */
  bare: number[];
  /** The same, with PostgreSQL by its socket, as Berth has it. */
  bareBySocket: number[];
  berth: number[];
}

/**
 * Reads single tenants, each with an API key of the organisation that owns it, and the same rows by a bare route with one
 * indexed select, in turn.
 * @param login superuser of the tenant and the auth database, which get 10,000 tenants and 200 organisations more
 */
export async function measureReads(
  world: { apiUrl: string; login: pg.ClientConfig; socketFolder: string },
  rounds: number,
): Promise<Reads> {
  const owned = await addTenants(world.login);
  const login = { ...world.login, database: "tenant" };
  const bare = await startBare(login);
  const bareBySocket = await startBare({ ...login, host: world.socketFolder });
  const bareRate = ({ url }: { url: string }) =>
    rate(
      url,
      owned.map(({ slug }) => ({ path: `/tenants/${slug}` })),
    );
  try {
    const sides = {
      bare: () => bareRate(bare),
      bareBySocket: () => bareRate(bareBySocket),
      berth: () =>
        rate(
          world.apiUrl,
          owned.map(({ slug, key }) => ({
            path: `/tenant/v1/tenants/${slug}`,
            headers: { authorization: `Bearer ${key}` },
          })),
        ),
    };
    const reads: Reads = { bare: [], bareBySocket: [], berth: [] };
    const order = ["bare", "berth", "bareBySocket"] as const;
    for (let round = 0; round <= rounds; round++) {
      for (const side of round % 2 === 0 ? order : order.toReversed()) {
        const got = await sides[side]();
        // The first of each is a rehearsal.
        if (round > 0) reads[side].push(got);
      }
    }
    return reads;
  } finally {
    await Promise.all([bare.stop(), bareBySocket.stop()]);
  }
}

/** Makes tenants of many organisations. Gives one of each, and a key of its owner's. */
async function addTenants(login: pg.ClientConfig): Promise<Array<{ slug: string; key: string }>> {
  const owners = Array.from({ length: organizations }, () => ({
    organization: newId("org"),
    user: newId("usr"),
    key: `berth_${randomBytes(32).toString("hex")}`,
  }));
  const column = (name: keyof (typeof owners)[number]) => owners.map((owner) => owner[name]);
  const hashes = column("key").map((key) => createHash("sha256").update(key).digest("base64url"));
  const ids = Array.from({ length: tenantsThere }, () => newId("ten"));
  const slugs = ids.map((id) => `b-${id.slice(4)}`);
  await on({ ...login, database: "auth" }, async (client) => {
    const owner = "unnest($1::text[], $2::text[]) as o (organization, person)";
    const both = [column("organization"), column("user")];
    await client.query(
      `insert into users (id, name, email, email_verified) select person, 'Bench', person || '@bench.example', true from ${owner}`,
      both,
    );
    await client.query(
      `insert into organizations (id, name, slug) select organization, 'Bench', organization from ${owner}`,
      both,
    );
    await client.query(
      `insert into members (id, organization_id, user_id, role)
       select 'mem_' || substr(person, 5), organization, person, 'owner' from ${owner}`,
      both,
    );
    await client.query(
      `insert into api_keys (id, key, reference_id, organization_id, scope, last_request)
       select 'key_' || substr(person, 5), hash, person, organization, 'read', now()
       from unnest($1::text[], $2::text[], $3::text[]) as o (organization, person, hash)`,
      [...both, hashes],
    );
    await client.query("analyze users, members, api_keys");
  });
  await on({ ...login, database: "tenant" }, async (client) => {
    await client.query(
      `insert into tenants (id, organization_id, slug, name, status, url, admin_email, revision, operation_id,
         operation_kind, operation_status)
       select id, ($3::text[])[1 + ((n - 1) % ${organizations})], slug, 'Bench', 'ready', 'http://' || slug || '.localhost',
         'ada@bench.example', 1, 'op_' || substr(id, 5), 'create', 'succeeded'
       from unnest($1::text[], $2::text[]) with ordinality as t (id, slug, n)`,
      [ids, slugs, column("organization")],
    );
    await client.query("analyze tenants");
  });
  return owners.map(({ key }, i) => ({ slug: slugs[i] ?? "", key }));
}

async function on(login: pg.ClientConfig, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client(login);
  await client.connect();
  try {
    await work(client);
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
async function rate(url: string, requests: autocannon.Request[]): Promise<number> {
  const result = await autocannon({ url, connections, duration: seconds, requests });
  const { non2xx, errors, timeouts } = result;
  if (non2xx + errors + timeouts > 0)
    throw new Error(`${url}: ${non2xx} refused, ${errors} broken off, ${timeouts} not in time.`);
  return result["2xx"] / result.duration;
}
