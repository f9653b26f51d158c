import type { CallerName } from "../../control-plane/access/table.ts";
import { newId } from "../../control-plane/ids.ts";
import type { Cast } from "./cast.ts";
import { freshSlug, newTenantBody, type TenantAnswer, type TestServices } from "./support.ts";
import { untilStatus, work } from "./worker.ts";

interface Request {
  path: string;
  body?: unknown;
  /** Of a double of the caller, when the request would change the caller. */
  headers?: Record<string, string> | undefined;
}

/** Makes the request of one operation, a good one but for who may send it: what it uses up is made anew each time. */
export type MakeRequest = (caller: CallerName) => Request | Promise<Request>;

/** A request for each operation of the tenant and the instance service, about a tenant of the cast's organisation. */
export function tenantRequests(t: TestServices, cast: () => Cast): Record<string, MakeRequest> {
  const make = async (): Promise<TenantAnswer> => {
    const body = newTenantBody(freshSlug(), { organization: cast().organization });
    return t.expect<TenantAnswer>(202, "POST", "/tenant/v1/tenants", body);
  };
  const ready = async () => {
    const made = await make();
    await work(t, made.tenant.id);
    await untilStatus(t, made.tenant.slug, "ready");
    return made;
  };
  let kept: Promise<TenantAnswer> | undefined;
  const one = () => (kept ??= ready());
  const tenant = "/tenant/v1/tenants";
  const instance = "/instance/v1";
  return {
    [`post ${tenant}`]: (caller) => {
      const organization = caller === "stranger" ? cast().strangers : cast().organization;
      return { path: tenant, body: newTenantBody(freshSlug(), { organization }) };
    },
    [`get ${tenant}`]: () => ({ path: tenant }),
    [`get ${tenant}/{slug}`]: async () => ({ path: `${tenant}/${(await one()).tenant.slug}` }),
    [`patch ${tenant}/{slug}`]: async () => ({
      path: `${tenant}/${(await one()).tenant.slug}`,
      body: { name: freshSlug() },
    }),
    [`delete ${tenant}/{slug}`]: async () => ({ path: `${tenant}/${(await make()).tenant.slug}` }),
    "delete /tenant/v1/organizations/{id}": async (caller) => {
      const { seed, users, organization } = cast();
      // Theirs, and without tenants.
      const own = caller === "owner" ? await seed.organization({ [users.owner]: "owner" }) : organization;
      return { path: `/tenant/v1/organizations/${own}` };
    },
    ...Object.fromEntries(
      ["", "/head", "/export"].map((what) => [
        `get /tenant/v1/audit${what}`,
        (caller: CallerName) => {
          const whose = caller === "stranger" ? cast().strangers : cast().organization;
          return { path: `/tenant/v1/audit${what}?organization=${whose}` };
        },
      ]),
    ),
    ...auditRequests("instance", cast),
    [`get ${instance}/operations`]: () => ({ path: `${instance}/operations` }),
    [`get ${instance}/operations/{id}`]: async () => ({
      path: `${instance}/operations/${(await one()).operation.id}`,
    }),
    [`get ${instance}/operations/{id}/events`]: async () => ({
      path: `${instance}/operations/${(await one()).operation.id}/events`,
    }),
    [`post ${instance}/operations/{id}/cancel`]: async () => {
      const { tenant: made, operation } = await make();
      await untilStatus(t, made.slug, "creating");
      return { path: `${instance}/operations/${operation.id}/cancel` };
    },
    [`post ${instance}/operations/{id}/retry`]: async () => {
      const { tenant: made, operation } = await make();
      await work(t, made.id, "failed", { code: "x", message: "It failed." });
      return { path: `${instance}/operations/${operation.id}/retry` };
    },
    [`post ${instance}/tenants/{tenant}/check`]: async () => ({
      path: `${instance}/tenants/${(await ready()).tenant.slug}/check`,
    }),
    [`get ${instance}/tenants/{tenant}/instances/{name}`]: async () => ({
      path: `${instance}/tenants/${(await one()).tenant.slug}/instances/production`,
    }),
    [`post ${instance}/tenants/{tenant}/instances/{name}/restart`]: async () => ({
      path: `${instance}/tenants/${(await ready()).tenant.slug}/instances/production/restart`,
    }),
    [`put ${instance}/stacks/{tenant}`]: () => ({
      path: `${instance}/stacks/${newId("ten")}`,
      body: {
        desired: "absent",
        organization: null,
        operation: newId("op"),
        revision: 1,
        slug: freshSlug(),
        actor: "test",
      },
    }),
    [`get ${instance}/feed`]: () => ({ path: `${instance}/feed` }),
    [`get ${instance}/catalogue`]: () => ({ path: `${instance}/catalogue` }),
  };
}

/** What the tenant service asks of another one for the audit. */
export function auditRequests(service: "user" | "instance", cast: () => Cast): Record<string, MakeRequest> {
  const path = `/${service}/v1/audit`;
  return {
    [`get ${path}/entries`]: () => ({ path: `${path}/entries?limit=10` }),
    [`get ${path}/chains/{chain}`]: () => ({ path: `${path}/chains/${cast().organization}` }),
    [`get ${path}/chains/{chain}/lines`]: () => ({ path: `${path}/chains/${cast().organization}/lines` }),
  };
}
