import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { selectorsOf } from "../../monitoring/promql.ts";
import { alertsFolder, readRules } from "../../monitoring/queries.ts";

interface RuleTests {
  tests: Array<{
    alert_rule_test: Array<{
      alertname: string;
      exp_alerts: Array<{ exp_labels: Record<string, string>; exp_annotations: Record<string, string> }>;
    }>;
  }>;
}

const pages = "docs/runbooks";
const sections = ["What it means", "What customers notice", "Look at", "Do", "Wake somebody when"];
const pageOf = (alert: string) => `${alert.replace(/(?<!^)([A-Z])/g, "-$1").toLowerCase()}.md`;

async function alerts() {
  return (await readRules()).flatMap(({ alert, ...rule }) => (alert ? [{ ...rule, alert }] : []));
}

describe("the alerts", () => {
  it("are the ones that were agreed on", async () => {
    expect([...new Set((await alerts()).map(({ alert }) => alert))].sort()).toEqual([
      "BackupMissed",
      "CertificateNearEnd",
      "DatabaseConnectionsFull",
      "DatabaseFull",
      "DiskFull",
      "DriftFound",
      "ErrorsMany",
      "FiguresOld",
      "JobFailing",
      "OperationStuck",
      "OutboxOld",
      "PartAway",
      "ProvisionerAway",
      "QueueOld",
      "ServiceAway",
      "TemplateMissing",
      "TenantDown",
    ]);
  });

  it("say how urgent they are, what happened, and where it stands what to do", async () => {
    for (const { alert, expr, labels, annotations, for: wait } of await alerts()) {
      expect(labels?.severity, alert).toMatch(/^(page|ticket)$/);
      expect(annotations?.summary, alert).toMatch(/./);
      expect(annotations?.description, alert).toMatch(/\.$/);
      expect(annotations?.runbook, alert).toBe(`${pages}/${pageOf(alert)}`);
      expect(wait, `${alert} fires at the first figure`).toMatch(/^\d+[mh]$/);
      expect(selectorsOf(expr).length, alert).toBeGreaterThan(0);
    }
  });

  it("name the tenant where they are about one", async () => {
    for (const { alert, expr, annotations } of await alerts())
      if (/berth_tenant_/.test(expr)) expect(annotations?.summary, alert).toContain("{{ $labels.slug }}");
  });

  it("have a test in which they fire, and one in which they do not, at each severity", async () => {
    const tested = new Set<string>();
    for (const file of (await readdir(alertsFolder)).filter((name) => name.endsWith(".test.yml"))) {
      const { tests } = parse(await readFile(join(alertsFolder, file), "utf8")) as RuleTests;
      for (const { alertname, exp_alerts } of tests.flatMap((test) => test.alert_rule_test)) {
        if (exp_alerts.length === 0) tested.add(`${alertname} is quiet`);
        for (const { exp_labels } of exp_alerts) tested.add(`${alertname} ${exp_labels.severity}`);
      }
    }
    for (const { alert, labels } of await alerts()) {
      expect(tested).toContain(`${alert} is quiet`);
      expect(tested).toContain(`${alert} ${labels?.severity}`);
    }
  });
});

describe("the runbooks", () => {
  it("are one for each alert and no other, and all are in the list", async () => {
    const wanted = [...new Set((await alerts()).map(({ alert }) => pageOf(alert)))].sort();
    const there = (await readdir(pages)).filter((name) => name !== "README.md").sort();
    expect(there).toEqual(wanted);
    const list = await readFile(join(pages, "README.md"), "utf8");
    for (const { alert, labels } of await alerts()) {
      const line = list.split("\n").find((text) => text.startsWith(`| [${alert}](${pageOf(alert)}) |`));
      expect(line?.split("|")[2], alert).toContain(labels?.severity);
    }
  });

  it("have every section, in order, with something in it", async () => {
    for (const { alert } of await alerts()) {
      const text = await readFile(join(pages, pageOf(alert)), "utf8");
      expect(text).toMatch(new RegExp(`^# ${alert}\n\nSeverity: `));
      const parts = text.split(/^## /m).slice(1);
      expect(parts.map((part) => part.split("\n")[0])).toEqual(sections);
      for (const part of parts)
        expect(part.split("\n").slice(1).join(" ").trim().length, part).toBeGreaterThan(10);
    }
  });
});
