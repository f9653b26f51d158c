import type { CallerName } from "../../control-plane/access/table.ts";
import { newId } from "../../control-plane/ids.ts";
import type { Cast } from "./cast.ts";
import { freshAddress } from "./people.ts";
import { freshSlug, newTenantBody, type TenantAnswer, type TestServices } from "./support.ts";
import { claimFor, untilStatus, work } from "./worker.ts";

interface Request {
  path: string;
  body?: unknown;
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
      const organization = caller === "stranger" ? undefined : cast().organization;
      return { path: tenant, body: newTenantBody(freshSlug(), { organization }) };
    },
    [`get ${tenant}`]: () => ({ path: tenant }),
    [`get ${tenant}/{slug}`]: async () => ({ path: `${tenant}/${(await one()).tenant.slug}` }),
    [`patch ${tenant}/{slug}`]: async () => ({
      path: `${tenant}/${(await one()).tenant.slug}`,
      body: { name: freshSlug() },
    }),
    [`delete ${tenant}/{slug}`]: async () => ({ path: `${tenant}/${(await make()).tenant.slug}` }),
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

/** The same for operations of the user service that anybody may call, good or not: they are refused for what they say. */
export const openRequests: Record<string, MakeRequest> = {
  "post /user/v1/accounts": () => ({
    path: "/user/v1/accounts",
    body: { name: "Ada", email: freshAddress(), password: "correct horse battery" },
  }),
};
