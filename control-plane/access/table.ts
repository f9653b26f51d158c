import type { Access } from "./access.ts";
import { isEnough, type Role } from "./roles.ts";

/** Callers that differ in what they may do, as seen from one organisation with a tenant. */
export const callers = {
  nobody: "nobody, or an expired or revoked key, or an ended session",
  stranger: "the owner of another organisation",
  viewer: "a viewer",
  developer: "a developer",
  admin: "an admin",
  owner: "an owner",
  readKey: "a key to read",
  writeKey: "a key to write",
  otherTenantsKey: "a key to write of another tenant of the organisation",
  staff: "the platform's staff, no member",
  actingStaff: "the platform's staff acting as an owner",
  service: "another service of ours",
} as const;
export type CallerName = keyof typeof callers;

/** What a caller is answered: that it is done, or the status of the refusal. */
export type Answer = "yes" | 401 | 403 | 404;

const roleOf: Partial<Record<CallerName, Role>> = {
  viewer: "viewer",
  developer: "developer",
  admin: "admin",
  owner: "owner",
  actingStaff: "owner",
  readKey: "viewer",
  writeKey: "admin",
  otherTenantsKey: "admin",
  staff: "owner",
};
const people: CallerName[] = ["stranger", "viewer", "developer", "admin", "owner", "staff", "actingStaff"];

/** What an operation is about: a tenant, an organisation, or neither (lists, and what is the caller's own). */
export function aboutWhat(path: string): "tenant" | "organization" | undefined {
  if (/\/(tenants|operations|stacks)\/\{/.test(path)) return "tenant";
  return /\/organizations\/\{/.test(path) ? "organization" : undefined;
}

/** What the declaration of a route comes to for a caller. */
export function answerTo(caller: CallerName, access: Access, path: string): Answer {
  if (access.who === "anyone") return "yes";
  if (caller === "nobody") return 401;
  if ("inPerson" in access && caller === "actingStaff") return 403;
  switch (access.who) {
    case "known":
      return "yes";
    case "person":
      return people.includes(caller) ? "yes" : 403;
    case "staff":
      return caller === "staff" ? "yes" : 403;
    case "service":
      return caller === "service" ? "yes" : 403;
    case "member":
      if (!people.includes(caller)) return 403;
      if (caller === "stranger") return 404;
      return caller !== "staff" && hasRole(caller, access.role) ? "yes" : 403;
    case "role":
      if (access.beyondTenant && caller === "otherTenantsKey") return 403;
      return answerToRole(caller, access.role, path);
  }
}

function answerToRole(caller: CallerName, role: Role, path: string): Answer {
  const about = aboutWhat(path);
  // Of what is not theirs a list is empty, and an object is not there.
  if (caller === "stranger") return about ? 404 : "yes";
  if (caller === "service") return 403;
  if (caller === "otherTenantsKey" && about === "tenant") return 404;
  return hasRole(caller, role) ? "yes" : 403;
}

function hasRole(caller: CallerName, needed: Role): boolean {
  const role = roleOf[caller];
  return role !== undefined && isEnough(role, needed);
}

/** One operation of a service, as its OpenAPI document describes it. */
export interface Operation {
  method: string;
  path: string;
  summary: string;
  access: Access;
}

/** The table of who may call what, in Markdown. */
export function accessTable(services: Record<string, Operation[]>): string {
  const names = Object.keys(callers) as CallerName[];
  const lines = names.map((name) => `- **${name}**: ${callers[name]}`);
  const tables = Object.entries(services).map(([service, operations]) => {
    const rows = operations.map(({ method, path, summary, access }) =>
      row([
        `\`${method.toUpperCase()} ${path}\``,
        summary,
        ...names.map((name) => String(answerTo(name, access, path))),
      ]),
    );
    return [
      `## ${service} service`,
      "",
      row(["operation", "what it does", ...names]),
      row(["---", "---", ...names.map(() => "---")]),
      ...rows,
    ].join("\n");
  });
  return [...lines, "", tables.join("\n\n"), ""].join("\n");
}

function row(cells: string[]): string {
  return `| ${cells.join(" | ")} |`;
}
