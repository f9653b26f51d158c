import { readFile } from "node:fs/promises";
import { staffEmail } from "../../control-plane/cli/ensure-staff.ts";
import { firstStaffCode } from "../../control-plane/cli/offer-first-staff.ts";
import { as } from "../control-plane/people.ts";
import { misfits } from "./misfits.ts";
import { peopleOf, shownOfKey } from "./people.ts";
import type { Run } from "./run.ts";
import { noteKeys } from "./sealed.ts";
import { type Made, type Operation, tenantsOf } from "./tenants.ts";

/** What the tests of logs ask for by name. */
export interface Played {
  created: Made;
  /** What else was asked of tenants, as it ended. */
  operations: Operation[];
}

/** A whole run, all services in one process: people, keys, tenants that come, change, fail and go, and what does not fit. */
export async function play(run: Run): Promise<Played> {
  const { recorder, secrets, paths, known, berth } = run;
  await berth("start");
  secrets.add(
    "code of the first staff link",
    firstStaffCode(await readFile(paths.firstStaffLink, "utf8")) ?? "",
  );
  run.watchQueries();
  await noteKeys(run);
  await berth("staff");
  secrets.add("API key of the command line", (await readFile(paths.apiKey, "utf8")).slice(shownOfKey));
  const people = peopleOf(run);
  const tenants = tenantsOf(run);

  const ann = await people.person("Ann", "ann@acme.example");
  const ben = await people.person("Ben", "ben@acme.example");
  const { body: acme } = await recorder.expect<{ id: string }>(
    201,
    "POST",
    "/user/v1/organizations",
    { name: "Acme" },
    ann.headers,
  );
  const organization = `/user/v1/organizations/${acme.id}`;
  const invitation = { email: ben.email, role: "developer" };
  await recorder.expect(201, "POST", `${organization}/invitations`, invitation, ann.headers);
  const key = as(await people.key("Acme", `${organization}/api-keys`, ann.headers));
  const staff = {
    name: "staff",
    email: staffEmail(run.settings()),
    password: known("password of the staff account"),
  };
  const staffHeaders = await people.signIn(staff);
  await people.key("staff", "/user/v1/staff/api-keys", staffHeaders);
  await impersonate(run, staffHeaders, ben.email);
  await people.secondFactor(ben);
  await people.resetPassword(ann);
  await people.changeAddress(ann, "ann@new.example");
  const sue = await people.fromSupabase(run.project);
  await recorder.expect(200, "GET", "/user/v1/organizations", undefined, sue);
  await serviceToken(run);
  // The key that signs such tokens is made with the first one.
  await noteKeys(run);
  await misfits(run, key.authorization);

  const created = await tenants.create("first", key, {
    password: secrets.add("password of Odoo's admin", people.random()),
  });
  await tenants.logIn(created);
  await tenants.change(created, key);
  await tenants.check(created, key);
  for (const command of ["status", "stacks", "operations", "operations first", "env", "env first"])
    await berth(command);
  await tenants.cli(created);
  await tenants.killPlugin();
  const failed = await tenants.create("second", key, {});
  await tenants.logIn(failed);
  await tenants.lose(failed, key);
  await run.snapshot();
  await tenants.remove(failed, key);
  return { created, operations: tenants.operations };
}

/** The same environment with each service in a process of its own. */
export async function playApart(run: Run): Promise<Made> {
  const { berth, env, known } = run;
  const tenants = tenantsOf(run);
  const people = peopleOf(run);
  await run.snapshot();
  await berth("stop");
  env.BERTH_SERVICES = "apart";
  await berth("start");
  const staff = {
    name: "staff, apart",
    email: staffEmail(run.settings()),
    password: known("password of the staff account"),
  };
  const headers = await people.signIn(staff);
  await misfits(run, headers.authorization);
  const organizations = await run.recorder.expect<{ items: Array<{ id: string; name: string }> }>(
    200,
    "GET",
    "/user/v1/organizations",
    undefined,
    headers,
  );
  const organization = organizations.body.items.find(({ name }) => name === "Acme")?.id;
  const made = await tenants.create("apart", headers, { organization });
  await tenants.check(made, headers);
  await run.snapshot();
  await tenants.remove(made, headers);
  return made;
}

async function impersonate(
  { recorder, secrets }: Run,
  staff: Record<string, string>,
  email: string,
): Promise<void> {
  const { body: found } = await recorder.expect<{ items: Array<{ id: string }> }>(
    200,
    "GET",
    `/user/v1/accounts?email=${email}`,
    undefined,
    staff,
  );
  const body = { user: found.items[0]?.id, reason: "Ticket 1" };
  const answer = await recorder.expect<{ token: string }>(
    201,
    "POST",
    "/user/v1/impersonations",
    body,
    staff,
  );
  secrets.add("token to act as Ben", answer.body.token);
  answer.shows("token to act as Ben");
  await recorder.expect(204, "DELETE", "/user/v1/sessions/current", undefined, as(answer.body.token));
}

async function serviceToken({ recorder, secrets, known }: Run): Promise<void> {
  const body = { service: "tenant", audience: "instance", secret: known("proof of the tenant service") };
  const answer = await recorder.expect<{ token: string }>(200, "POST", "/user/v1/service-tokens", body);
  secrets.add("service token", answer.body.token.split(".")[2] ?? "");
  answer.shows("service token");
  await recorder.expect(422, "POST", "/user/v1/service-tokens", { ...body, audience: 1 });
}
