import { describe, expect, test } from "vitest";
import { inPlace } from "../../../control-plane/platform/firewall/check.ts";
import { firewallPlan, tenantsServer } from "../../../control-plane/platform/firewall/plan.ts";
import { wantedRules } from "../../../control-plane/platform/firewall/rules.ts";
import { parseSettings } from "../../../control-plane/settings.ts";

const hook = { chain: "INPUT", rule: "-i br-dev -j BERTH-dev-IN", input: "br-dev" };
const place = (rules: string[]) =>
  inPlace(new Map([["INPUT", rules.map((rule) => `-A INPUT ${rule}`)]]), hook);

describe("a rule is in place", () => {
  test.each([
    ["when it is first", ["-i br-dev -j BERTH-dev-IN", "-j ACCEPT"], true],
    [
      "after rules for other interfaces",
      ["-i lo -j ACCEPT", "-s 10.0.0.0/8 -i eth0 -j DROP", hook.rule],
      true,
    ],
    ["after another environment's", ["-i br-test -j BERTH-test-IN", hook.rule], true],
    ["not when it is missing", ["-i lo -j ACCEPT"], false],
    ["not after a rule for everything", ["-m conntrack --ctstate NEW -j ACCEPT", hook.rule], false],
    ["not after a rule for its own interface", ["-i br-dev -p tcp -j ACCEPT", hook.rule], false],
    ["not after a rule for all but one interface", ["! -i eth0 -j ACCEPT", hook.rule], false],
    ["not after a rule for a pattern of interfaces", ["-i br+ -j ACCEPT", hook.rule], false],
  ])("%s", (_, rules, expected) => {
    expect(place(rules as string[])).toBe(expected);
  });
});

test("packets that are forwarded need both ends to be elsewhere to pass a rule by", () => {
  const both = { chain: "FORWARD", rule: "-j DOCKER-USER", input: "br-dev", output: "br-dev" };
  const with_ = (rule: string) =>
    inPlace(new Map([["FORWARD", [`-A FORWARD ${rule}`, "-A FORWARD -j DOCKER-USER"]]]), both);
  expect(with_("-i docker0 -o docker0 -j ACCEPT")).toBe(true);
  expect(with_("-i docker0 ! -o docker0 -j ACCEPT")).toBe(false);
  expect(with_("-i docker0 -j ACCEPT")).toBe(false);
});

test("the tenants' server is the gateway when it is ours, and its own address when it is not", () => {
  const settings = parseSettings({});
  expect(tenantsServer(settings)).toEqual({ host: "10.213.0.1", port: 5432 });
  const other = { ...settings, tenantsDatabaseUrl: "postgres://provisioner@192.168.7.8:6000/postgres" };
  expect(tenantsServer(other)).toEqual({ host: "192.168.7.8", port: 6000 });
  const named = { ...settings, tenantsDatabaseUrl: "postgres://provisioner@db.example.com/postgres" };
  expect(() => tenantsServer(named)).toThrow('BERTH_TENANTS_DATABASE_URL names the server "db.example.com"');
  const [, forward] = wantedRules(firewallPlan(other), "ip").chains;
  const rules = forward?.rules ?? [];
  const server = rules.indexOf("-A BERTH-dev-FWD -d 192.168.7.8/32 -p tcp -m tcp --dport 6000 -j RETURN");
  expect(server).toBeGreaterThan(-1);
  expect(server).toBeLessThan(rules.indexOf("-A BERTH-dev-FWD -d 192.168.0.0/16 -j DROP"));
});
