import { describe, expect, test } from "vitest";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import type { OperationView } from "../../control-plane/instance/read-operations.ts";
import { recordEvent } from "../../control-plane/instance/record-event.ts";
import { endStep, startStep } from "../../control-plane/instance/record-step.ts";
import { freshSlug, type Problem, type TenantAnswer, withServices } from "./support.ts";
import { claimFor, createTenant, readyTenant, untilStatus, work } from "./worker.ts";

const t = withServices({ heartbeatMs: 150 });
const path = "/instance/v1/operations";
const read = (id: string) => t.expect<OperationView>(200, "GET", `${path}/${id}`);

interface SseEvent {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

/** Reads a stream to its end, or until `enough`. */
async function readStream(
  response: Response,
  enough: (events: SseEvent[], text: string) => boolean = () => false,
): Promise<{ events: SseEvent[]; text: string }> {
  let text = "";
  const events = () =>
    text
      .split("\n\n")
      .slice(0, -1)
      .filter((block) => block.includes("data:"))
      .map((block) => {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
        return { id: field("id"), event: field("event"), data: JSON.parse(field("data")) };
      });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (enough(events(), text)) break;
  }
  return { events: events(), text };
}

describe("an operation", () => {
  test("shows its steps and how it ended", async () => {
    const { tenant, operation } = await createTenant(t);
    const fence = await claimFor(t, tenant.id);
    expect(await read(operation.id)).toMatchObject({ status: "running", attempt: 1, finishedAt: null });
    await startStep(t.worker, { fence, name: "role" });
    await endStep(t.worker, { fence, name: "role", status: "succeeded" });
    await startStep(t.worker, { fence, name: "container", detail: "starting" });
    const error = { code: "container_failed", message: "The container did not start." };
    await finishOperation(t.worker, { fence, status: "failed", error });
    const ended = await read(operation.id);
    expect(ended).toMatchObject({
      status: "failed",
      error,
      startedAt: expect.any(String),
      finishedAt: expect.any(String),
      steps: [
        { name: "role", status: "succeeded", finishedAt: expect.any(String) },
        { name: "container", status: "failed", detail: "starting", finishedAt: expect.any(String) },
      ],
    });
  });

  test("that nobody knows is answered 404, and one that is no id 422", async () => {
    for (const end of ["", "/events"]) {
      expect((await t.call("GET", `${path}/op_a234567890123456${end}`)).status).toBe(404);
      expect((await t.call("GET", `${path}/nothing${end}`)).status).toBe(422);
    }
  });

  test("is listed newest first, by tenant and by status", async () => {
    const { tenant } = await readyTenant(t);
    await t.expect(202, "POST", `/instance/v1/tenants/${tenant.slug}/instances/production/restart`);
    type Page = { items: OperationView[]; nextCursor: string | null };
    for (const name of [tenant.slug, tenant.id]) {
      const { items } = await t.expect<Page>(200, "GET", `${path}?tenant=${name}`);
      expect(items.map((item) => item.kind)).toEqual(["restart", "create"]);
    }
    const first = await t.expect<Page>(200, "GET", `${path}?tenant=${tenant.slug}&limit=1`);
    const second = await t.expect<Page>(
      200,
      "GET",
      `${path}?tenant=${tenant.slug}&limit=1&cursor=${first.nextCursor}`,
    );
    expect([...first.items, ...second.items].map((item) => item.kind)).toEqual(["restart", "create"]);
    expect(second.nextCursor).toBeNull();
    const queued = await t.expect<Page>(200, "GET", `${path}?status=queued&tenant=${tenant.slug}`);
    expect(queued.items.map((item) => item.kind)).toEqual(["restart"]);
    await t.expect(422, "GET", `${path}?status=odd`);
    await work(t, tenant.id);
  });
});

describe("a cancellation", () => {
  test("reaches an operation that was accepted a moment ago", async () => {
    const accept = async () => {
      const { operation } = await createTenant(t);
      return (await t.call("POST", `${path}/${operation.id}/cancel`)).status;
    };
    expect(await Promise.all(Array.from({ length: 12 }, accept))).toEqual(
      Array.from({ length: 12 }, () => 202),
    );
  });

  test("ends at once what has not begun", async () => {
    const { tenant, operation } = await createTenant(t);
    await read(operation.id);
    const answer = await t.call("POST", `${path}/${operation.id}/cancel`);
    expect(answer.status).toBe(202);
    expect(answer.headers.get("location")).toBe(`${path}/${operation.id}`);
    expect(await read(operation.id)).toMatchObject({ status: "cancelled", error: { code: "cancelled" } });
    expect((await untilStatus(t, tenant.slug, "failed")).operation.error?.message).toContain("Cancelled");
    const again = await t.expect<Problem>(409, "POST", `${path}/${operation.id}/cancel`);
    expect(again.code).toBe("operation_ended");
  });

  test("asks what runs to stop", async () => {
    const { tenant, operation } = await createTenant(t);
    const fence = await claimFor(t, tenant.id);
    await t.expect(202, "POST", `${path}/${operation.id}/cancel`);
    expect(await read(operation.id)).toMatchObject({ status: "running", cancelRequested: true });
    await t.expect(202, "POST", `${path}/${operation.id}/cancel`);
    await finishOperation(t.worker, {
      fence,
      status: "cancelled",
      error: { code: "cancelled", message: "Taken back." },
    });
    await untilStatus(t, tenant.slug, "failed");
  });

  test("of a restart that has not begun leaves the tenant ready", async () => {
    const { tenant } = await readyTenant(t);
    const { operation } = await t.expect<{ operation: OperationView }>(
      202,
      "POST",
      `/instance/v1/tenants/${tenant.slug}/instances/production/restart`,
    );
    await untilStatus(t, tenant.slug, "changing");
    await t.expect(202, "POST", `${path}/${operation.id}/cancel`);
    await untilStatus(t, tenant.slug, "ready");
  });

  test("of a deletion is refused", async () => {
    const { tenant } = await readyTenant(t);
    const { operation } = await t.expect<{ operation: OperationView }>(
      202,
      "DELETE",
      `/tenant/v1/tenants/${tenant.slug}`,
    );
    await read(operation.id);
    const problem = await t.expect<Problem>(409, "POST", `${path}/${operation.id}/cancel`);
    expect(problem.code).toBe("not_cancellable");
    await work(t, tenant.id);
  });
});

describe("a retry", () => {
  test("is refused for what succeeded, runs, or is not the last", async () => {
    const { tenant, operation } = await readyTenant(t);
    expect((await t.expect<Problem>(409, "POST", `${path}/${operation.id}/retry`)).code).toBe(
      "not_retryable",
    );
    const restart = await t.expect<{ operation: OperationView }>(
      202,
      "POST",
      `/instance/v1/tenants/${tenant.slug}/instances/production/restart`,
    );
    await t.expect(409, "POST", `${path}/${restart.operation.id}/retry`);
    await work(t, tenant.id, "failed", { code: "x", message: "It failed." });
    const retry = await t.expect<{ operation: OperationView }>(
      202,
      "POST",
      `${path}/${restart.operation.id}/retry`,
    );
    expect(retry.operation).toMatchObject({
      kind: "restart",
      instance: "production",
      status: "queued",
      retryOf: restart.operation.id,
    });
    await t.expect(409, "POST", `${path}/${restart.operation.id}/retry`);
    await work(t, tenant.id);
    await untilStatus(t, tenant.slug, "ready");
  });

  test("of a creation is refused while the tenant is being deleted", async () => {
    const { tenant, operation } = await createTenant(t);
    await work(t, tenant.id, "failed", { code: "x", message: "It failed." });
    await untilStatus(t, tenant.slug, "failed");
    const deletion = await t.expect<TenantAnswer>(202, "DELETE", `/tenant/v1/tenants/${tenant.slug}`);
    await read(deletion.operation.id);
    expect((await t.call("POST", `${path}/${operation.id}/retry`)).status).toBe(409);
  });
});

describe("an instance", () => {
  test("shows its addresses and its health at this moment", async () => {
    const { tenant } = await readyTenant(t);
    for (const name of [tenant.slug, tenant.id]) {
      expect(await t.expect(200, "GET", `/instance/v1/tenants/${name}/instances/production`)).toMatchObject({
        tenant: tenant.id,
        name: "production",
        status: "ready",
        url: tenant.url,
        hosts: [`${tenant.slug}.localhost`],
        readyAt: expect.any(String),
      });
    }
    await t.expect(404, "GET", `/instance/v1/tenants/${tenant.slug}/instances/staging`);
    await t.expect(404, "GET", `/instance/v1/tenants/${freshSlug()}/instances/production`);
    await t.expect(422, "GET", `/instance/v1/tenants/${tenant.slug}/instances/Not-A-Name`);
  });

  test("restarts one at a time, and only once it was ready", async () => {
    const { tenant } = await createTenant(t);
    const where = `/instance/v1/tenants/${tenant.slug}/instances/production/restart`;
    await untilStatus(t, tenant.slug, "creating");
    expect((await t.expect<Problem>(409, "POST", where)).code).toBe("operation_in_progress");
    await work(t, tenant.id, "failed", { code: "x", message: "It failed." });
    expect((await t.expect<Problem>(409, "POST", where)).code).toBe("not_ready");
    const ready = await readyTenant(t);
    const restart = `/instance/v1/tenants/${ready.tenant.slug}/instances/production/restart`;
    const answers = await Promise.all(Array.from({ length: 4 }, () => t.call("POST", restart)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([202, 409, 409, 409]);
    await work(t, ready.tenant.id);
    await untilStatus(t, ready.tenant.slug, "ready");
  });
});

describe("the stream of an operation", () => {
  const stream = (id: string, lastEventId?: string) =>
    t.call(
      "GET",
      `${path}/${id}/events`,
      undefined,
      lastEventId === undefined ? {} : { "last-event-id": lastEventId },
    );

  test("shows what happens as it happens, and ends with it", async () => {
    const { tenant, operation } = await createTenant(t);
    const response = await stream(operation.id);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const reading = readStream(response);
    const fence = await claimFor(t, tenant.id);
    await startStep(t.worker, { fence, name: "database" });
    await recordEvent(t.worker, { fence, data: { text: "cloned" } });
    await endStep(t.worker, { fence, name: "database", status: "succeeded" });
    await finishOperation(t.worker, { fence, status: "succeeded" });
    const { events } = await reading;
    expect(events.map((event) => event.event)).toEqual([
      "queued",
      "started",
      "step",
      "log",
      "step",
      "succeeded",
    ]);
    expect(events.map((event) => event.id)).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(events[2]?.data).toMatchObject({ name: "database", status: "running", at: expect.any(String) });
  });

  test("tells nothing of a step that never began", async () => {
    const { tenant, operation } = await createTenant(t);
    const fence = await claimFor(t, tenant.id);
    const never = endStep(t.worker, { fence, name: "database", status: "succeeded" });
    await expect(never).rejects.toThrow("ended before it began");
    await finishOperation(t.worker, { fence, status: "succeeded" });
    const { events } = await readStream(await stream(operation.id));
    expect(events.map((event) => event.event)).toEqual(["queued", "started", "succeeded"]);
    expect(events.map((event) => event.id)).toEqual(["1", "2", "3"]);
  });

  test("goes on after the last event seen, and says when nothing will follow", async () => {
    const { tenant, operation } = await createTenant(t);
    const first = await readStream(await stream(operation.id), (events) => events.length === 1);
    const fence = await claimFor(t, tenant.id);
    await startStep(t.worker, { fence, name: "database" });
    const second = readStream(await stream(operation.id, first.events.at(-1)?.id));
    await finishOperation(t.worker, { fence, status: "succeeded" });
    const { events } = await second;
    expect(events.map((event) => event.event)).toEqual(["started", "step", "succeeded"]);
    expect((await stream(operation.id, events.at(-1)?.id)).status).toBe(204);
    const whole = await readStream(await stream(operation.id));
    expect(whole.events).toHaveLength(4);
  });

  test("gives signs of life while nothing happens", async () => {
    const { tenant, operation } = await createTenant(t);
    const { text } = await readStream(await stream(operation.id), (_, all) => all.includes(": still here"));
    expect(text).toContain(": still here");
    await work(t, tenant.id);
  });

  test("refuses an id that is none", async () => {
    const { operation } = await createTenant(t);
    expect((await stream(operation.id, "x")).status).toBe(422);
    expect((await stream(operation.id, "-1")).status).toBe(422);
  });
});
