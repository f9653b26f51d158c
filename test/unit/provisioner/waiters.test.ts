import { expect, test } from "vitest";
import type { Outcome } from "../../../control-plane/provisioner/deps.ts";
import { Waiters } from "../../../control-plane/provisioner/waiters.ts";

/** Waits that last until they are given up or told to succeed; counts those that go on. */
function waits() {
  let going = 0;
  let most = 0;
  const begun: Array<(outcome: Outcome) => void> = [];
  const waiters = new Waiters((_instance, giveUp) => {
    going += 1;
    most = Math.max(most, going);
    return new Promise<Outcome>((resolve) => {
      begun.push(resolve);
      giveUp.addEventListener("abort", () =>
        // As a request that is broken off: it ends a moment later.
        setImmediate(() => resolve({ status: "cancelled", error: { code: "cancelled", message: "" } })),
      );
    }).finally(() => {
      going -= 1;
    });
  });
  return { waiters, begun, going: () => going, most: () => most };
}

test("a wait that is begun again ends the one before it, and its outcome counts", async () => {
  const { waiters, begun, going, most } = waits();
  waiters.begin("production");
  await expect.poll(() => begun.length).toBe(1);
  waiters.begin("production");
  await expect.poll(() => begun.length).toBe(2);
  expect([going(), most()]).toEqual([1, 1]);
  begun[1]?.({ status: "succeeded" });
  expect(await waiters.outcome("production")).toEqual({ status: "succeeded" });
});

test("a wait that nobody began is begun by whoever asks for it", async () => {
  const { waiters, begun } = waits();
  const outcome = waiters.outcome("production");
  await expect.poll(() => begun.length).toBe(1);
  begun[0]?.({ status: "succeeded" });
  expect(await outcome).toEqual({ status: "succeeded" });
});

test("at the end nothing waits any more", async () => {
  const { waiters, begun, going } = waits();
  for (const instance of ["production", "staging"]) waiters.begin(instance);
  await expect.poll(() => begun.length).toBe(2);
  await waiters.end();
  expect(going()).toBe(0);
});
