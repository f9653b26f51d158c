import { expect, test } from "vitest";
import { freshSlug, newTenantBody, type TenantAnswer, withServices } from "./support.ts";
import { untilStatus } from "./worker.ts";

const t = withServices({ heartbeatMs: 3_600_000 });

test("who would wait for a long time is answered when the services are about to end", async () => {
  const body = newTenantBody(freshSlug());
  const { tenant, operation } = await t.expect<TenantAnswer>(202, "POST", "/tenant/v1/tenants", body);
  await untilStatus(t, tenant.slug, "creating");
  const stream = await t.call("GET", `/instance/v1/operations/${operation.id}/events`);
  const news = t.call("GET", "/instance/v1/feed?after=1000000&wait=30", undefined, t.asService);
  // It is told of what there is before it waits.
  const reader = stream.body?.getReader();
  const first = new TextDecoder().decode((await reader?.read())?.value);
  expect(first).toContain("event: queued");
  t.services.leave();
  for (let end = false; !end; ) end = (await reader?.read())?.done ?? true;
  expect(await (await news).json()).toEqual({ items: [] });
});
