import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { answerTo, type CallerName, callers } from "../../control-plane/access/table.ts";
import { accessPage } from "../../control-plane/docs/access-page.ts";
import { type OpenApiDocument, operationsOf } from "../../control-plane/docs/operations.ts";
import { newId } from "../../control-plane/ids.ts";
import { deriveKey } from "../../control-plane/instance/secrets-box.ts";
import { projectRoot } from "../../control-plane/paths.ts";
import { createUserClient } from "../../control-plane/user/client.ts";
import { type Cast, gather } from "./cast.ts";
import { freshAddress } from "./people.ts";
import { freshSlug, key, newTenantBody, type TenantAnswer, withServices } from "./support.ts";
import { work } from "./worker.ts";

const t = withServices();
let cast: Cast;

/** A tenant of the organisation, ready unless `unfinished`. */
async function tenant(unfinished = false): Promise<TenantAnswer> {
  const body = newTenantBody(freshSlug(), { organization: cast.organization });
  const made = await t.expect<TenantAnswer>(202, "POST", "/tenant/v1/tenants", body);
  if (!unfinished) await work(t, made.tenant.id);
  return made;
}

beforeAll(async () => {
  cast = await gather(t, async (organization) => {
    const body = newTenantBody(freshSlug(), { organization });
    const made = await t.expect<TenantAnswer>(202, "POST", "/tenant/v1/tenants", body);
    await work(t, made.tenant.id);
    return made.tenant.id;
  });
});

interface Request {
  path: string;
  body?: unknown;
}

/** What each operation is asked with, made anew for each caller who may: a good request but for who sends it. */
const requests: Record<string, (caller: CallerName) => Promise<Request> | Request> = {
  "post /user/v1/accounts": () => ({
    path: "/user/v1/accounts",
    body: { name: "Ada", email: freshAddress(), password: "correct horse battery" },
  }),
};

function request(operation: string, caller: CallerName): Promise<Request> | Request {
  const make = requests[operation];
  if (!make) throw new Error(`There is no request for ${operation} yet: add one.`);
  return make(caller);
}

async function operations() {
  const found = [];
  for (const service of ["user", "tenant", "instance"]) {
    const document = await t.expect<OpenApiDocument>(200, "GET", `/${service}/openapi.json`);
    found.push(...operationsOf(document));
  }
  return found;
}

test("the page in docs/ says what the routes declare", async () => {
  const page = await readFile(join(projectRoot, "docs", "authorization.md"), "utf8");
  expect(page, "run: npm run docs").toBe(accessPage());
});

test("there is a request for every operation of every service", async () => {
  const names = (await operations()).map(({ method, path }) => `${method} ${path}`);
  expect(Object.keys(requests).toSorted()).toEqual(names.toSorted());
});
