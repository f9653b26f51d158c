import { expect, test } from "vitest";
import { BerthError } from "../../../control-plane/errors.ts";
import { createLog } from "../../../control-plane/observability/log.ts";
import type { Work } from "../../../control-plane/provisioner/deps.ts";
import { ownFault } from "../../../control-plane/provisioner/own-fault.ts";

const work = (end = new AbortController().signal) =>
  ({ end, log: createLog({ env: "t-unit", logLevel: "fatal" }, "test") }) as Work;

test("a write that is refused because the lease is another's ends the work and is no outcome", () => {
  const lost = new BerthError("lease_lost", "Somebody else has the tenant.");
  expect(() => ownFault(work(), lost)).toThrow(lost);
});

test("an error of Berth's own is told as one, without its text; a full disk as what it is, wherever it is met", () => {
  expect(ownFault(work(), new TypeError("x is not a function"))).toMatchObject({
    error: { code: "internal", message: expect.not.stringContaining("x is not a function") },
  });
  const cause = new Error("could not extend file: No space left on device");
  expect(ownFault(work(), new Error("Failed query", { cause }))).toMatchObject({
    error: { code: "disk_full" },
  });
  const told = new BerthError("addresses_exhausted", "All addresses are in use.");
  expect(ownFault(work(), told)).toMatchObject({ error: { message: "All addresses are in use." } });
});

test("work that must end without another write tells nothing", () => {
  const stop = AbortSignal.abort(new Error("stopped"));
  expect(() => ownFault(work(stop), new Error("anything"))).toThrow("stopped");
});
