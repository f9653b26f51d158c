import type pg from "pg";
import { Failure } from "../failure.ts";
import { inTransaction, quote } from "../postgres.ts";
import { makeVerifier, verifies } from "../scram.ts";
import type { OwnershipInputs } from "./inputs.ts";
import { letLookerIn } from "./looker.ts";
import { foreignObjects, isFresh, langKey, openKey, ownerKey, readAccess, readMarks } from "./observe.ts";
import { applyLanguage, seed, setParameters } from "./seeds.ts";

/** Reports fetch their styles from Odoo itself: its public name need not resolve inside the container. */
const reports = { "report.url": "http://127.0.0.1:8069" };

/**
 * Makes a clone the tenant's own, or mends what has gone astray in one that is. A fresh clone becomes it all or not at
 * all: `berth.adopted`, which Odoo waits for, is set by the same transaction. Into one that is the tenant's already
 * only the tenant writes: a trigger of the tenant's must not run as a superuser.
 * @param client a connection to the clone, as a superuser
 * @param asTenant lends one of the tenant's own
 */
export async function own(
  client: pg.Client,
  inputs: OwnershipInputs,
  asTenant: (work: (client: pg.Client) => Promise<void>) => Promise<void>,
): Promise<void> {
  const whole = await inTransaction(client, async () => {
    const fresh = await isFresh(client, inputs.templateRole);
    refuseForeign(inputs, (await readMarks(client)).identity);
    await takeObjects(client, inputs);
    await closeToOthers(client, inputs);
    await letLookerIn(client, inputs.database);
    if (fresh) await settle(client, inputs);
    return fresh;
  });
  if (!whole) await asTenant((tenant) => inTransaction(tenant, () => settle(tenant, inputs)));
}

/** What is written into the tenant's tables. */
async function settle(client: pg.Client, inputs: OwnershipInputs): Promise<void> {
  const before = await readMarks(client);
  // A database that was once ready keeps its people, secrets and languages, whatever became of its marks.
  const isSettled = before.owner === inputs.role || inputs.identity !== undefined;
  if (!isSettled) await seed(client, inputs);
  await setParameters(client, {
    "web.base.url": inputs.baseUrl,
    "web.base.url.freeze": "True",
    ...reports,
    ...(inputs.identity === undefined
      ? {}
      : { [ownerKey]: inputs.role, [langKey]: before.lang || inputs.lang }),
  });
  const speaks =
    inputs.identity !== undefined ||
    (isSettled && before.lang !== "") ||
    (await applyLanguage(client, inputs.lang));
  if (inputs.open) await open(client, inputs, speaks);
  await tellRunningOdoo(client);
}

function refuseForeign({ database, identity }: OwnershipInputs, found: string): void {
  if (identity === undefined || identity === found) return;
  throw new Failure(
    `Database ${database} is not this tenant's: its database.uuid is ${found || "missing"}, expected ${identity}. Nothing was changed in it.`,
  );
}

// The template's owner owns nothing else, so REASSIGN is safe for it; for others it could move whole databases.
async function takeObjects(client: pg.Client, { role, templateRole }: OwnershipInputs): Promise<void> {
  const to = quote(role);
  await client.query(`REASSIGN OWNED BY ${quote(templateRole)} TO ${to}`);
  const strays = await client.query<{ kind: string; name: string }>(foreignObjects, [role]);
  for (const { kind, name } of strays.rows) await client.query(`ALTER ${kind} ${name} OWNER TO ${to}`);
}

async function closeToOthers(
  client: pg.Client,
  { database, role, password }: OwnershipInputs,
): Promise<void> {
  const access = await readAccess(client, database, role);
  for (const login of access?.otherLogins ?? []) {
    const from = login === "PUBLIC" ? login : quote(login);
    await client.query(`REVOKE ALL ON DATABASE ${quote(database)} FROM ${from}`);
  }
  if (verifies(password, access?.verifier ?? "")) return;
  // The verifier instead of the password: a server that logs statements does not log the secret.
  await client.query(`ALTER ROLE ${quote(role)} PASSWORD ${client.escapeLiteral(makeVerifier(password))}`);
}

async function open(client: pg.Client, inputs: OwnershipInputs, speaks: boolean): Promise<void> {
  if (!speaks) {
    throw new Failure(
      `Language ${inputs.lang} is not loaded in ${inputs.database}. Choose one of its template, or load it first.`,
    );
  }
  await setParameters(client, { [openKey]: inputs.role });
}

// An Odoo that runs keeps parameters in memory until it sees a new row here.
async function tellRunningOdoo(client: pg.Client): Promise<void> {
  await client.query("INSERT INTO public.orm_signaling_stable DEFAULT VALUES");
}
