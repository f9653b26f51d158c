import { describe, expect, test } from "vitest";
import { claimOperation } from "../../control-plane/instance/claim-operation.ts";
import { until } from "../../control-plane/until.ts";
import { stacksOf } from "./stacks.ts";
import { type TenantAnswer, withServices } from "./support.ts";
import { createTenant, untilStatus, work } from "./worker.ts";

const t = withServices();
const { makeStack } = stacksOf(t);

describe("an older instance service beside a newer one", () => {
  test("passes on what the newer one tells, as it was told", async () => {
    const operation = { id: "op_a234567890123456", kind: "backup", status: "paused", error: null, size: 3 };
    const data = { operation, stack: { status: "ready", revision: 1, region: "north" } };
    const [told] = await t.rows<{ seq: string }>(
      "instance",
      "insert into feed (type, tenant_id, data) values ('operation', 'ten_of_nobody', $1) returning seq",
      [data],
    );
    const seq = Number(told?.seq);
    const { items } = await t.expect<{ items: unknown[] }>(
      ...([200, "GET", `/instance/v1/feed?after=${seq - 1}`, undefined, t.asService] as const),
    );
    expect(items[0]).toMatchObject({ seq, type: "operation", tenant: "ten_of_nobody", data });
  });

  test("leaves operations that only the newer one knows to it, and what comes after them", async () => {
    const { operationId, tenantId } = await makeStack();
    await t.rows("instance", "update operations set kind = 'backup' where id = $1", [operationId]);
    const other = await makeStack();
    const options = { worker: "older", leaseMs: 60_000 };
    expect(await claimOperation(t.worker, options)).toMatchObject({ operationId: other.operationId });
    expect(await claimOperation(t.worker, options)).toBeUndefined();
    expect(
      await t.rows("instance", "select status from operations where tenant_id = $1", [tenantId]),
    ).toEqual([{ status: "queued" }]);
    await t.rows("instance", "update operations set status = 'cancelled' where id = $1", [operationId]);
  });
});

describe("an older tenant service that follows a newer instance service", () => {
  test.each([
    ["an entry of another kind", { type: "moved", data: {} }],
    [
      "a status that it does not know",
      {
        type: "operation",
        data: {
          operation: { id: "op_a234567890123456", kind: "change", status: "succeeded", error: null },
          stack: { status: "frozen", revision: 2 },
        },
      },
    ],
  ])("applies what comes before %s, and leaves the rest to a newer one", async (_, { type, data }) => {
    const { tenant } = await createTenant(t);
    await untilStatus(t, tenant.slug, "creating");
    const [told] = await t.rows<{ seq: string }>(
      "instance",
      "insert into feed (type, tenant_id, data) values ($1, $2, $3) returning seq",
      [type, tenant.id, data],
    );
    await until(() => t.logged().includes(`Entry ${told?.seq} (\\"${type}\\") tells what this version`), {
      ...{ what: "the entry to be told of", deadlineMs: 10_000, everyMs: 20 },
    });
    const position = async () =>
      (await t.rows<{ seq: string }>("tenant", "select seq from feed_position"))[0]?.seq;
    expect(Number(await position())).toBe(Number(told?.seq) - 1);
    await work(t, tenant.id);
    // Read all the same, as it is known so far.
    const { tenant: read } = await t.expect<TenantAnswer>(200, "GET", `/tenant/v1/tenants/${tenant.slug}`);
    expect(read.status).toBe("creating");
    // Here a newer one would take it.
    await t.rows("tenant", "update feed_position set seq = $1", [told?.seq]);
    await untilStatus(t, tenant.slug, "ready");
  });
});
