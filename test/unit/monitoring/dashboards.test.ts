import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dashboardOf } from "../../../monitoring/dashboards/dashboard.ts";
import { dashboards } from "../../../monitoring/dashboards/index.ts";
import { selectorsOf, withoutConditions } from "../../monitoring/promql.ts";
import { dashboardsFolder, panelQueries, readDashboards } from "../../monitoring/queries.ts";

const chosen = { tenant: "acme", instance: "production" };

describe("the dashboards", () => {
  it("are written as their programs say, and no other lies beside them", async () => {
    expect((await readdir(dashboardsFolder)).sort()).toEqual(
      dashboards.map(({ name }) => `${name}.json`).sort(),
    );
    for (const spec of dashboards)
      expect(await readFile(join(dashboardsFolder, `${spec.name}.json`), "utf8"), "run: npm run docs").toBe(
        dashboardOf(spec),
      );
  });

  it("say of each panel what it means, what is bad, its unit and where it turns red", async () => {
    for (const { dashboard } of await readDashboards()) {
      const titles = new Set<string>();
      for (const panel of dashboard.panels.filter(({ type }) => type !== "row")) {
        const where = `${dashboard.title}: ${panel.title}`;
        expect(titles.has(panel.title), `${where} is there twice`).toBe(false);
        titles.add(panel.title);
        expect(panel.description, where).toMatch(/^.{10,}[.)]\n\nBad: .{3,}\.$/s);
        expect(panel.fieldConfig?.defaults.unit, where).toMatch(/./);
        expect(panel.fieldConfig?.defaults.thresholds?.steps.length, where).toBeGreaterThan(0);
        expect(panel.targets?.length, where).toBeGreaterThan(0);
      }
    }
  });

  it("begin with what is wrong now, and no panel lies on another or beyond the edge", async () => {
    const all = await readDashboards();
    const fleet = all.find(({ file }) => file === "fleet.json");
    expect(fleet?.dashboard.panels[0]).toMatchObject({ type: "row", title: "What is wrong now" });
    for (const { dashboard } of all) {
      const taken = new Set<string>();
      for (const { title, gridPos } of dashboard.panels) {
        expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect(taken.has(`${x} ${y}`), `${dashboard.title}: ${title} lies on another`).toBe(false);
            taken.add(`${x} ${y}`);
          }
      }
    }
  });

  it("ask nothing that is no PromQL, and read something with each query", async () => {
    const queries = await panelQueries(chosen);
    expect(queries.length).toBeGreaterThan(100);
    for (const { where, query } of queries) expect(selectorsOf(query).length, where).toBeGreaterThan(0);
  });

  it("count errors where they say so, which a real Prometheus is asked for before there are any", async () => {
    const counting = new Set(
      (await panelQueries(chosen))
        .filter(({ countsErrors }) => countsErrors)
        .map(({ where }) => where.slice(0, -2)),
    );
    for (const { dashboard } of await readDashboards())
      for (const { title, fieldConfig } of dashboard.panels)
        if (/fail|error|5xx|deadlock|refused|could not/i.test(title) && !fieldConfig?.defaults.noValue)
          expect(counting).toContain(`${dashboard.title}: ${title}`);
    expect(counting.size).toBeGreaterThanOrEqual(15);
  });

  it("name pages that are there", async () => {
    const pages = new Set(await readdir("docs/runbooks"));
    for (const { dashboard } of await readDashboards())
      for (const panel of dashboard.panels)
        for (const [, page] of panel.description?.matchAll(/docs\/runbooks\/([a-z-]+\.md)/g) ?? [])
          expect(pages, panel.title).toContain(page);
  });
});

describe("the reader of PromQL", () => {
  it("finds every selector, and refuses what is no query", () => {
    expect(selectorsOf('sum by (a) (rate(b{c="5.."}[5m])) / max(d) and (e:f offset 3h)')).toEqual([
      'b{c="5.."}',
      "d",
      "e:f",
    ]);
    expect(() => selectorsOf("sum(rate(a[5m])")).toThrow("no PromQL");
    expect(() => selectorsOf("a b")).toThrow("no PromQL");
  });

  it("takes conditions away, and keeps what is compared", () => {
    expect(withoutConditions("sum by (a) (rate(b[5m])) / sum by (a) (c) > 0.2 and sum(d) > 10")).toBe(
      "sum by (a) (rate(b[5m])) / sum by (a) (c)",
    );
    expect(withoutConditions('absent(a) unless on () (up{job="b"} == 0)')).toBe("a");
    expect(withoutConditions("max by (part) (a == 0 or b == 0)")).toBe("max by (part) (a or b)");
    expect(withoutConditions("sum(a == bool 0)")).toBe("sum(a == bool 0)");
  });
});
