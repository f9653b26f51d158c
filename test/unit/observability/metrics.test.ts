import { PassThrough } from "node:stream";
import { setImmediate as later } from "node:timers/promises";
import { Counter, Gauge } from "prom-client";
import { expect, test } from "vitest";
import { createLog } from "../../../control-plane/observability/log.ts";
import { createMetrics } from "../../../control-plane/observability/metrics.ts";

function open() {
  const stream = new PassThrough();
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const metrics = createMetrics(createLog({ env: "test", logLevel: "info" }, "test", stream));
  const registers = [metrics.registry];
  const depth = new Gauge({ name: "depth", help: "d", registers });
  const seen = new Counter({ name: "seen_total", help: "s", labelNames: ["tenant"], registers });
  const samples = async () => (await metrics.text()).split("\n").filter((line) => /^[a-z]/.test(line));
  return { metrics, depth, seen, samples, lines: () => text.split("\n").filter((line) => line !== "") };
}

test("figures are looked up for each scrape, and those of what is gone go with it", async () => {
  const { metrics, depth, seen, samples } = open();
  let tenants = { a: 5, b: 7 } as Record<string, number>;
  metrics.lookUp({
    name: "things",
    source: "a test",
    figures: [depth, seen],
    look: async () => tenants,
    show(found) {
      depth.set(Object.keys(found).length);
      for (const [tenant, count] of Object.entries(found)) seen.inc({ tenant }, count);
    },
  });
  expect(await samples()).toEqual([
    'berth_scrape_errors_total{group="things"} 0',
    "depth 2",
    'seen_total{tenant="a"} 5',
    'seen_total{tenant="b"} 7',
  ]);
  tenants = { b: 2 };
  expect(await samples()).toEqual([
    'berth_scrape_errors_total{group="things"} 0',
    "depth 1",
    'seen_total{tenant="b"} 2',
  ]);
});

test("what cannot be read is missing, counted, and told once for each outage; the rest is there", async () => {
  const { metrics, depth, seen, samples, lines } = open();
  let away = false;
  metrics.lookUp({
    name: "depth",
    source: "a test",
    figures: [depth],
    look: async () => {
      if (away) throw new Error("The database is away.");
      return 3;
    },
    show: (found) => depth.set(found),
  });
  metrics.lookUp({
    name: "seen",
    source: "a test",
    figures: [seen],
    look: async () => 4,
    show: (n) => seen.inc({ tenant: "a" }, n),
  });
  expect(await samples()).toContain("depth 3");
  for (const outage of [1, 2]) {
    away = true;
    await samples();
    const missing = await samples();
    expect(missing.filter((line) => line.startsWith("depth"))).toEqual([]);
    expect(missing).toContain('seen_total{tenant="a"} 4');
    expect(missing).toContain(`berth_scrape_errors_total{group="depth"} ${outage * 2}`);
    expect(missing).toContain('berth_scrape_errors_total{group="seen"} 0');
    expect(lines()).toHaveLength(outage);
    expect(lines().at(-1)).toContain("The database is away.");
    away = false;
    expect(await samples()).toContain("depth 3");
  }
});

test("a look that does not answer holds up no scrape, and is not begun again on top", async () => {
  const { metrics, depth, samples } = open();
  let begun = 0;
  const { promise, resolve } = Promise.withResolvers<number>();
  metrics.lookUp({
    name: "depth",
    source: "a test",
    figures: [depth],
    look: () => {
      begun += 1;
      return begun === 1 ? promise : Promise.resolve(9);
    },
    show: (found) => depth.set(found),
  });
  expect(await samples()).toEqual(['berth_scrape_errors_total{group="depth"} 1']);
  expect(await samples()).toEqual(['berth_scrape_errors_total{group="depth"} 2']);
  expect(begun).toBe(1);
  // Late, it is not shown: it is old.
  resolve(5);
  await later();
  expect(await samples()).toEqual(['berth_scrape_errors_total{group="depth"} 2', "depth 9"]);
});

test("two who ask at once cause one look", async () => {
  const { metrics, depth } = open();
  let looks = 0;
  metrics.lookUp({
    name: "depth",
    source: "a test",
    figures: [depth],
    look: async () => ++looks,
    show: (n) => depth.set(n),
  });
  const [one, other] = await Promise.all([metrics.text(), metrics.text()]);
  expect(one).toBe(other);
  expect(looks).toBe(1);
});
