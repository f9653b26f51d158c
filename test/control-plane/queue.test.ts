import { describe, expect, test } from "vitest";
import { openDatabase } from "../../control-plane/database.ts";
import { claimOperation } from "../../control-plane/instance/claim-operation.ts";
import { finishOperation } from "../../control-plane/instance/finish-operation.ts";
import { createWake, listenForWork } from "../../control-plane/instance/queue.ts";
import { until } from "../../control-plane/until.ts";
import { captureLog, withServices } from "./support.ts";
import { createTenant } from "./worker.ts";

const t = withServices();
const { log } = captureLog();
const login = () => t.databases.logins.instance;
const soon = { deadlineMs: 5_000, everyMs: 1 };

describe("the queue", () => {
  test("wakes within milliseconds, one after the other and eight at once", async () => {
    let kicks: number[] = [];
    const work = await listenForWork({ login: login(), kick: () => kicks.push(performance.now()), log });
    const wake = () => t.worker.db.transaction((tx) => t.worker.wake(tx));
    await wake();
    await until(() => kicks.length > 0, { what: "the first wake", ...soon });
    const waits: number[] = [];
    for (let i = 0; i < 21; i += 1) {
      kicks = [];
      await wake();
      const sent = performance.now();
      await until(() => kicks.length > 0, { what: "a wake", ...soon });
      waits.push((kicks[0] ?? 0) - sent);
    }
    expect(waits.toSorted((a, b) => a - b)[10]).toBeLessThan(250);
    for (let round = 0; round < 5; round += 1) {
      kicks = [];
      await Promise.all(Array.from({ length: 8 }, wake));
      const sent = performance.now();
      // Whoever is kicked looks at the table: one kick after the last commit is enough.
      await until(async () => (await waiting()) === 0, {
        what: "all jobs to be taken",
        deadlineMs: 10_000,
        everyMs: 5,
      });
      // The next poll would be after thirty seconds.
      expect(performance.now() - sent).toBeLessThan(10_000);
      expect(kicks.length).toBeGreaterThan(0);
    }
    await work.close();
  });

  test("is asked about by the first callers on connections that they have already", async () => {
    const few = openDatabase({ login: login(), name: "few connections", log, max: 3 });
    try {
      const wake = createWake(few.db);
      await Promise.all(Array.from({ length: 12 }, () => few.db.transaction((tx) => wake(tx))));
    } finally {
      await few.close();
    }
  });

  test("loses no operation: whoever looks at every kick finds each one", async () => {
    const done = new Set<string>();
    let kicked = 0;
    const kick = () => {
      kicked += 1;
    };
    const work = await listenForWork({ login: login(), kick, log });
    let stopped = false;
    const next = () => claimOperation(t.worker, { worker: "w", leaseMs: 60_000 });
    const loop = (async () => {
      let seen = 0;
      while (!stopped) {
        await until(() => kicked > seen || stopped, { what: "a kick", deadlineMs: 10_000, everyMs: 1 });
        seen = kicked;
        for (let claim = await next(); claim; claim = await next()) {
          await finishOperation(t.worker, {
            fence: claim,
            status: "failed",
            error: { code: "x", message: "x" },
          });
          done.add(claim.operationId);
        }
      }
    })();
    const made = await Promise.all(Array.from({ length: 15 }, () => createTenant(t)));
    await until(() => made.every(({ operation }) => done.has(operation.id)), {
      what: "all operations to be done",
      deadlineMs: 15_000,
      everyMs: 5,
    });
    stopped = true;
    await loop;
    await work.close();
  });

  test("a request reaches the worker without waiting for a clock", async () => {
    let kicked = 0;
    const kick = () => {
      kicked ||= performance.now();
    };
    const work = await listenForWork({ login: login(), kick, log });
    const answered: number[] = [];
    const woken: number[] = [];
    for (let i = 0; i < 15; i += 1) {
      const from = performance.now();
      kicked = 0;
      const { operation } = await createTenant(t);
      answered.push(performance.now() - from);
      await until(() => kicked > 0, { what: "the kick", ...soon });
      woken.push(kicked - from);
      const claim = await claimOperation(t.worker, { worker: "w", leaseMs: 60_000 });
      expect(claim?.operationId).toBe(operation.id);
      if (claim)
        await finishOperation(t.worker, {
          fence: claim,
          status: "failed",
          error: { code: "x", message: "x" },
        });
    }
    const median = (list: number[]) => Math.round(list.toSorted((a, b) => a - b)[7] ?? 0);
    console.log(
      `answered after ${median(answered)} ms, worker woken after ${median(woken)} ms (median of 15)`,
    );
    // Generous, for a machine that does other things: a wait for a poll would be 2,000 ms and more.
    expect(median(woken)).toBeLessThan(500);
    await work.close();
  });

  async function waiting(): Promise<number> {
    return (await t.rows("instance", "select from pgboss.job where state < 'completed'")).length;
  }
});
