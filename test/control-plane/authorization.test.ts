import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, answerTo, type CallerName, callers } from "../../control-plane/access/table.ts";
import { accessPage } from "../../control-plane/docs/access-page.ts";
import { type OpenApiDocument, operationsOf } from "../../control-plane/docs/operations.ts";
import { projectRoot } from "../../control-plane/paths.ts";
import { createSupabase } from "../../control-plane/user/supabase/verify.ts";
import { accountRequests } from "./account-requests.ts";
import { type Cast, gather } from "./cast.ts";
import { type MakeRequest, tenantRequests } from "./requests.ts";
import { signWith, supabaseProject } from "./supabase-project.ts";
import {
  captureLog,
  freshSlug,
  newTenantBody,
  type Problem,
  serviceHeaders,
  type TenantAnswer,
  withServices,
} from "./support.ts";
import { openRequests, userRequests } from "./user-requests.ts";
import { work } from "./worker.ts";

const project = await supabaseProject();
const signer = await project.newKey();
const supabase = createSupabase({ url: project.url, secret: undefined, log: captureLog().log });
const t = withServices({ supabase });
let cast: Cast;
beforeAll(async () => {
  cast = await gather(t, async (organization) => {
    const body = newTenantBody(freshSlug(), { organization });
    const made = await t.expect<TenantAnswer>(202, "POST", "/tenant/v1/tenants", body);
    await work(t, made.tenant.id);
    return made.tenant.id;
  });
});

const requests: Record<string, MakeRequest> = {
  ...openRequests,
  ...accountRequests(t, () => cast),
  ...userRequests(
    () => cast,
    project,
    (claims) => signWith(signer, claims),
  ),
  ...tenantRequests(t, () => cast),
};

// Of the page and not of the services: tests are made before these run.
const page = await accessPage();
const operations = [...page.matchAll(/^\| `([A-Z]+) (\S+)`/gm)].map(
  ([, method = "", path = ""]) => `${method.toLowerCase()} ${path}`,
);

/** What was answered, as the table has it. */
async function answerOf(response: Response): Promise<Answer | string> {
  if (response.status < 400) return "yes";
  const { code } = (await response.json()) as Problem;
  if (code === "unauthorized") return 401;
  if (code === "forbidden") return 403;
  if (code === "not_found") return 404;
  return `${response.status} ${code}`;
}

const asServiceFor = (service: string) =>
  serviceHeaders(t.services, service as "user" | "tenant" | "instance");

async function documented() {
  const found = new Map<string, ReturnType<typeof operationsOf>[number]>();
  for (const service of ["user", "tenant", "instance"]) {
    const document = await t.expect<OpenApiDocument>(200, "GET", `/${service}/openapi.json`);
    for (const one of operationsOf(document)) found.set(`${one.method} ${one.path}`, one);
  }
  return found;
}

test("the page in docs/ says what the routes declare, and the services serve what it says", async () => {
  const written = await readFile(join(projectRoot, "docs", "authorization.md"), "utf8");
  expect(written, "run: npm run docs").toBe(page);
  expect([...(await documented()).keys()].toSorted()).toEqual(operations.toSorted());
});

test("there is a request for every operation of every service", () => {
  expect(Object.keys(requests).toSorted()).toEqual(operations.toSorted());
});

/** What was found, to be printed. */
const asked: Array<[string, Record<string, Answer | string>]> = [];
let wrongCells = 0;
afterAll(() => {
  const names = Object.keys(callers).map((name) => (name === "nobody" ? "nobody 1" : name));
  const row = (first: string, cells: string[]) =>
    `${first.padEnd(68)}${cells.map((cell) => cell.slice(0, 9).padEnd(10)).join("")}`;
  const lines = asked.map(([name, found]) =>
    row(
      name,
      names.map((one) => String(found[one])),
    ),
  );
  console.log(
    [row("who may call what", names), ...lines, `${asked.length} operations, ${wrongCells} wrong cells`].join(
      "\n",
    ),
  );
});

describe.each(operations)("%s", (name) => {
  test("answers everybody as the table says", async () => {
    const operation = (await documented()).get(name);
    const make = requests[name];
    if (!operation || !make) throw new Error(`There is no request for ${name}: add one.`);
    const { access, path, method } = operation;
    const wanted: Record<string, Answer> = {};
    const found: Record<string, Answer | string> = {};
    for (const caller of Object.keys(callers) as CallerName[]) {
      const expected = answerTo(caller, access, path);
      const all = caller === "nobody" ? cast.headers.nobody : [cast.headers[caller]];
      for (const [i, headers] of all.entries()) {
        const request = await make(caller);
        // A service's token is for one other service.
        const [, service = ""] = path.split("/");
        const shown = caller === "service" ? await asServiceFor(service) : headers;
        const response = await t.call(method.toUpperCase(), request.path, request.body, {
          ...shown,
          ...request.headers,
        });
        const who = caller === "nobody" ? `nobody ${i + 1}` : caller;
        // There is no cookie that another site could make a browser send.
        expect(response.headers.get("set-cookie")).toBeNull();
        const answer = await answerOf(response);
        wanted[who] = expected;
        // What is open to all looks at what is sent only.
        found[who] = access.who === "anyone" && typeof answer === "string" ? "yes" : answer;
      }
    }
    for (const [who, answer] of Object.entries(found)) if (answer !== wanted[who]) wrongCells += 1;
    asked.push([name, found]);
    expect(found).toEqual(wanted);
  });
});
