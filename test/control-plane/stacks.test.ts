import { describe, expect, test } from "vitest";
import { newId } from "../../control-plane/ids.ts";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import { keepHistory } from "../../control-plane/instance/keep-history.ts";
import { keepSalt } from "../../control-plane/instance/keep-salt.ts";
import { keepTemplate } from "../../control-plane/instance/keep-template.ts";
import { markReady } from "../../control-plane/instance/mark-ready.ts";
import { putStack } from "../../control-plane/instance/put-stack.ts";
import { readStack } from "../../control-plane/instance/read-stack.ts";
import { createSecretsBox } from "../../control-plane/instance/secrets-box.ts";
import type { StackRequest } from "../../control-plane/instance/stack-request.ts";
import { deriveKeys } from "../../control-plane/keys.ts";
import { caller, stacksOf, wanted } from "./stacks.ts";
import { freshSlug, withServices } from "./support.ts";
import { identity } from "./worker.ts";

const t = withServices();
const { makeStack, mustClaim, drain } = stacksOf(t);

describe("what is kept of a stack", () => {
  test("salt, template and identity stay what they were first", async () => {
    await drain();
    const { tenantId } = await makeStack();
    const fence = await mustClaim();
    await keepSalt(t.worker, { fence, salt: "v1:a" });
    await keepSalt(t.worker, { fence, salt: "v1:a" });
    await expect(keepSalt(t.worker, { fence, salt: "v1:b" })).rejects.toThrow(/another salt/);
    expect(await keepTemplate(t.worker, { fence, instance: "production", template: "one" })).toBe("one");
    expect(await keepTemplate(t.worker, { fence, instance: "production", template: "two" })).toBe("one");
    await markReady(t.worker, { fence, instance: "production", identity });
    await markReady(t.worker, { fence, instance: "production", identity });
    const other = identity.replace(/1$/, "2");
    await expect(
      markReady(t.worker, { fence, instance: "production", identity: other }),
    ).rejects.toMatchObject({
      code: "identity_changed",
    });
    const stack = await readStack(t.worker, tenantId);
    expect(stack).toMatchObject({ salt: "v1:a", readyAt: expect.any(Date) });
    expect(stack.instances).toMatchObject([{ name: "production", template: "one", identity }]);
    expect(stack.secrets?.instances.production?.databasePassword.length).toBeGreaterThanOrEqual(32);
    await keepHistory(t.worker, { fence, history: [{ version: 1 }], state: { deployment: {} } });
    expect(
      await t.rows("instance", "select * from stack_history where tenant_id = $1", [tenantId]),
    ).toMatchObject([{ salt: "v1:a", history: [{ version: 1 }], state: { deployment: {} } }]);
    await finishOperation(t.worker, { fence, status: "succeeded" });
    expect(await readStack(t.worker, tenantId)).toMatchObject({ status: "ready", appliedRevision: 1 });
  });

  test("secrets are sealed, bound to their tenant, and not readable with another key", async () => {
    const one = await makeStack();
    const two = await makeStack();
    const sealed = await t.rows<{ tenant_id: string; secrets: string }>(
      "instance",
      "select tenant_id, secrets from stacks where tenant_id in ($1, $2)",
      [one.tenantId, two.tenantId],
    );
    for (const { secrets } of sealed) expect(secrets).toMatch(/^v1:[\w+/=]+:[\w+/=]+$/);
    const of = (id: string) => sealed.find((row) => row.tenant_id === id)?.secrets ?? "";
    expect(() => t.worker.box.open(one.tenantId, of(two.tenantId))).toThrow(/cannot be opened/);
    const otherKey = Buffer.alloc(32, 1);
    expect(() => createSecretsBox(otherKey).open(one.tenantId, of(one.tenantId))).toThrow(
      /key file is not the one/,
    );
    expect(() => deriveKeys("short")).toThrow(/32 bytes/);
    await drain();
  });
});

describe("what a stack should be", () => {
  test("is taken over once, however often it is said", async () => {
    await drain();
    const { tenantId, request } = await makeStack();
    const again = () => putStack({ ...t.worker, caller }, { tenantId, request });
    const answers = await Promise.all([again(), again(), again()]);
    expect(new Set(answers.map((answer) => answer.operation.id))).toEqual(new Set([request.operation]));
    expect(
      await t.rows("instance", "select id from operations where tenant_id = $1", [tenantId]),
    ).toHaveLength(1);
  });

  test("is refused when it is older, for a slug in use, and after the end", async () => {
    const { tenantId, request } = await makeStack();
    const put = (id: string, more: StackRequest) =>
      putStack({ ...t.worker, caller }, { tenantId: id, request: more });
    await expect(put(tenantId, wanted(request.slug, 1))).rejects.toMatchObject({ code: "stale_revision" });
    await expect(put(newId("ten"), wanted(request.slug))).rejects.toMatchObject({ code: "slug_taken" });
    const absent = {
      desired: "absent",
      organization: null,
      operation: newId("op"),
      revision: 2,
      slug: request.slug,
      actor: "x",
    } as const;
    await put(tenantId, absent);
    await expect(put(tenantId, wanted(request.slug, 3))).rejects.toMatchObject({ code: "tenant_deleting" });
    const { adminPasswordHash: _, ...bare } = wanted(freshSlug());
    await expect(put(newId("ten"), bare)).rejects.toMatchObject({ code: "conflict" });
    await drain();
  });

  test("that is gone before it was ever heard of ends as a deletion with nothing to do", async () => {
    await drain();
    // Its creation may have been refused because another stack has the slug.
    const { slug } = (await makeStack()).request;
    await drain();
    const request = {
      desired: "absent",
      organization: null,
      operation: newId("op"),
      revision: 2,
      slug,
      actor: "x",
    } as const;
    const { tenantId } = await makeStack(newId("ten"), request);
    const fence = await mustClaim();
    expect(fence).toMatchObject({ kind: "destroy", tenantId });
    await finishOperation(t.worker, { fence, status: "succeeded" });
    expect((await readStack(t.worker, tenantId)).status).toBe("gone");
  });

  test("is a change once the tenant was ready", async () => {
    await drain();
    const { tenantId, request } = await makeStack();
    const fence = await mustClaim();
    await markReady(t.worker, { fence, instance: "production", identity });
    await finishOperation(t.worker, { fence, status: "succeeded" });
    const { adminPasswordHash: _, ...next } = wanted(request.slug, 2);
    const before = await readStack(t.worker, tenantId);
    const answer = await putStack({ ...t.worker, caller }, { tenantId, request: next });
    expect(answer).toMatchObject({
      operation: { kind: "change" },
      stack: { status: "changing", revision: 2 },
    });
    expect((await readStack(t.worker, tenantId)).secrets).toEqual(before.secrets);
    await drain();
  });
});

describe("a request for a stack over HTTP", () => {
  const put = (request: object, tenantId = newId("ten")) =>
    t.call("PUT", `/instance/v1/stacks/${tenantId}`, request, t.asService);
  const { spec } = wanted("unused");

  test.each([
    ["a NUL in its actor", { actor: "a\u0000b" }, "actor"],
    ["half a character in its company", { spec: { ...spec, company: "Acme \ud800" } }, "spec.company"],
    ["no instance", { spec: { ...spec, instances: {} } }, "spec.instances"],
    ["a revision beyond 32 bits", { revision: 2 ** 31 }, "revision"],
  ])("with %s is refused, not broken over", async (_, more, field) => {
    const response = await put({ ...wanted(freshSlug()), ...more });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ path: field }] });
  });

  test("with another stack's operation is refused", async () => {
    const { operationId } = await makeStack();
    const response = await put({ ...wanted(freshSlug()), operation: operationId });
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: "conflict" });
  });
});
