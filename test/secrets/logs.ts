import { expect, test } from "vitest";
import { type Line, ofNoRequest, readLogs, writerOf } from "./log-lines.ts";
import type { Run } from "./run.ts";
import type { Played } from "./scene.ts";
import type { Made } from "./tenants.ts";

/** What every log of a whole run has: read while the run is still there. */
export function testLogs(run: () => Run, played: () => Played, apart: () => Made): void {
  const whole = () => readLogs(run());
  const writersOf = (lines: Line[]) => [...new Set(lines.map(writerOf))].toSorted();
  const servicesOf = ["instance", "tenant", "user"];

  test("every line of every file is JSON with level, time, part and a message", async () => {
    const { lines, wrong } = await whole();
    expect(wrong).toEqual([]);
    const count = (file: string) => lines.filter((line) => line.file === file).length;
    for (const file of ["services", "user", "tenant", "instance", "provisioner", "supervisor"].map(
      (name) => `${name}.log`,
    ))
      expect(count(file), file).toBeGreaterThan(3);
  });

  test("a request is followed by its id through all services, the provisioner and its workers", async () => {
    const { lines } = await whole();
    for (const { requestId, tenant, operation } of [played().created, apart()]) {
      const its = lines.filter((line) => line.requestId === requestId);
      expect(writersOf(its)).toEqual(expect.arrayContaining(["instance", "provisioner", "tenant", "worker"]));
      const paths = its.filter(({ msg }) => msg === "request").map(({ path }) => path);
      expect(paths).toEqual(
        expect.arrayContaining(["/tenant/v1/tenants", `/instance/v1/stacks/${tenant.id}`]),
      );
      const ended = its.find(({ msg }) => msg === "operation ended");
      expect(ended).toMatchObject({ operationId: operation.id, tenant: tenant.id, status: "succeeded" });
    }
    // Apart, whose a token is is asked of another process.
    const asked = lines.filter((line) => line.requestId === apart().requestId && line.file === "user.log");
    expect(asked.map(({ path }) => path)).toContain("/user/v1/introspections");
  });

  test("an operation is followed by its id: what was made, checked, failed, tried again and removed", async () => {
    const { lines } = await whole();
    const { created, operations } = played();
    for (const id of [created.operation.id, apart().operation.id]) {
      const its = lines.filter((line) => line.operationId === id);
      expect(writersOf(its)).toEqual(["instance", "provisioner", "tenant", "worker"]);
      expect(its.map(({ msg }) => msg)).toEqual(
        expect.arrayContaining([
          "request",
          "the instance service has been told",
          "an operation stands otherwise",
        ]),
      );
    }
    expect(operations.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["check", "restart", "destroy"]),
    );
    for (const { id, status, kind } of operations) {
      const its = lines.filter((line) => line.operationId === id);
      expect(
        its.find(({ msg }) => msg === "operation ended"),
        `${kind} ${id}`,
      ).toMatchObject({ status });
      expect(writersOf(its), kind).toEqual(expect.arrayContaining(["instance", "provisioner"]));
    }
  });

  test("no line about a request is without its id, and none about an operation without its and the tenant's", async () => {
    const { lines } = await whole();
    const ofServices = lines.filter((line) => servicesOf.includes(writerOf(line)));
    const nameless = ofServices.filter((line) => line.requestId === undefined && !ofNoRequest.test(line.msg));
    // What the clock does says what it is, and what the feed tells of says of which operation.
    expect(nameless.filter((line) => line.job === undefined && line.operationId === undefined)).toEqual([]);
    for (const line of lines.filter(({ msg }) => msg === "request")) expect(line.requestId).toMatch(/\S/);
    expect(lines.filter(({ msg }) => msg === "request").length).toBeGreaterThan(200);
    const about = lines.filter(({ operationId }) => operationId !== undefined);
    expect(about.filter(({ tenant }) => tenant === undefined)).toEqual([]);
    const worked = about.filter(({ file }) => file === "provisioner.log");
    expect(worked.length).toBeGreaterThan(10);
    expect(worked.filter(({ requestId }) => requestId === undefined)).toEqual([]);
    expect(lines.filter((line) => "operation" in line || "tenantId" in line || "reqId" in line)).toEqual([]);
  });

  test("a mail is told of with the request that it was sent for", async () => {
    const { lines } = await whole();
    const sent = lines.filter(({ msg }) => msg === "a mail was sent");
    expect(sent.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["confirmEmail", "resetPassword", "invitation", "changeEmail"]),
    );
    for (const { requestId } of sent) {
      const path = lines.find((line) => line.requestId === requestId && line.msg === "request")?.path;
      expect(path).toMatch(/^\/user\/v1\//);
    }
  });

  test("what a plugin writes as it is killed is in the log, line by line", async () => {
    const { lines } = await whole();
    const output = lines.filter((line) => line.worker !== undefined && line.output !== undefined);
    expect(output.some((line) => line.output?.startsWith("SIGQUIT"))).toBe(true);
    expect(output.length).toBeGreaterThan(5);
    expect(lines).toContainEqual(expect.objectContaining({ msg: "a plugin died", plugin: "docker" }));
  });
}
