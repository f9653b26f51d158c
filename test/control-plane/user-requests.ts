import { randomUUID } from "node:crypto";
import type { CallerName } from "../../control-plane/access/table.ts";
import { newId } from "../../control-plane/ids.ts";
import { signAddressCode } from "../../control-plane/user/account/address-code.ts";
import { placeholderAddress } from "../../control-plane/user/account/placeholder-address.ts";
import type { Identity } from "../../control-plane/user/identity.ts";
import { providerOf } from "../../control-plane/user/supabase/link-supabase.ts";
import type { Cast } from "./cast.ts";
import { double } from "./double.ts";
import { freshAddress, password } from "./people.ts";
import { auditRequests, type MakeRequest } from "./requests.ts";
import type { signWith, supabaseProject } from "./supabase-project.ts";
import { keys } from "./support.ts";

const v1 = "/user/v1";
const identity = {
  $context: Promise.resolve({ secret: keys.user.identity.toString("base64") }),
} as unknown as Identity;

/** Operations that anybody may call: what is sent is refused for what it says, or done. */
export const openRequests: Record<string, MakeRequest> = {
  [`post ${v1}/accounts`]: () => ({
    path: `${v1}/accounts`,
    body: { name: "Ada", email: freshAddress(), password },
  }),
  [`post ${v1}/email-confirmation`]: () => ({
    path: `${v1}/email-confirmation`,
    body: { code: "a.b.c", password },
  }),
  [`post ${v1}/email-verification`]: () => ({
    path: `${v1}/email-verification`,
    body: { email: freshAddress() },
  }),
  [`post ${v1}/password-resets`]: () => ({ path: `${v1}/password-resets`, body: { email: freshAddress() } }),
  [`put ${v1}/password`]: () => ({ path: `${v1}/password`, body: { code: "x", password } }),
  [`post ${v1}/sessions`]: () => ({ path: `${v1}/sessions`, body: { email: freshAddress(), password } }),
  [`post ${v1}/staff-accounts`]: () => ({
    path: `${v1}/staff-accounts`,
    body: { code: "x".repeat(43), name: "Ada", email: freshAddress(), password },
  }),
  [`post ${v1}/sessions/second-factor`]: () => ({
    path: `${v1}/sessions/second-factor`,
    body: { challenge: `2fa-${"x".repeat(20)}`, code: "123456" },
  }),
  [`get ${v1}/jwks`]: () => ({ path: `${v1}/jwks` }),
  [`post ${v1}/service-tokens`]: () => ({
    path: `${v1}/service-tokens`,
    body: {
      service: "tenant",
      audience: "instance",
      secret: keys.tenant.service.toString("base64url"),
    },
  }),
};

/**
 * The other operations of the user service. What changes the caller is asked by a double: somebody else who stands where
 * they do.
 */
export function userRequests(
  cast: () => Cast,
  project: Awaited<ReturnType<typeof supabaseProject>>,
  token: (claims: Parameters<typeof signWith>[1]) => Promise<string>,
): Record<string, MakeRequest> {
  const org = () => `${v1}/organizations/${cast().organization}`;
  const get =
    (path: () => string): MakeRequest =>
    () => ({ path: path() });
  const member = async () => {
    const { seed, organization } = cast();
    const user = await seed.person();
    await seed.member(organization, user, "viewer");
    return `${org()}/members/${user}`;
  };
  const received = async (caller: CallerName) => {
    const { seed } = cast();
    const { user, headers } = await double(cast(), caller);
    const inviter = await seed.person();
    const inviting = await seed.organization({ [inviter]: "owner" });
    return { id: await seed.invitation(inviting, `${user}@berth.example`, inviter), headers };
  };
  const withoutAddress = async (caller: CallerName) => {
    const id = newId("usr");
    return double(cast(), caller, { id, email: placeholderAddress(id) });
  };
  return {
    [`get ${v1}/accounts`]: get(() => `${v1}/accounts`),
    [`get ${v1}/sessions/current`]: get(() => `${v1}/sessions/current`),
    [`delete ${v1}/sessions/current`]: async (caller) => ({
      path: `${v1}/sessions/current`,
      headers: (await double(cast(), caller)).headers,
    }),
    [`post ${v1}/organizations`]: () => ({ path: `${v1}/organizations`, body: { name: "Another" } }),
    [`get ${v1}/organizations`]: get(() => `${v1}/organizations`),
    [`get ${v1}/organizations/{id}`]: get(org),
    [`patch ${v1}/organizations/{id}`]: () => ({ path: org(), body: { name: randomUUID() } }),
    [`delete ${v1}/organizations/{id}`]: async () => ({
      path: `${v1}/organizations/${await cast().seed.organization()}?actor=user:usr_x`,
    }),
    [`get ${v1}/organizations/{id}/members`]: get(() => `${org()}/members`),
    [`patch ${v1}/organizations/{id}/members/{user}`]: async () => ({
      path: await member(),
      body: { role: "developer" },
    }),
    [`delete ${v1}/organizations/{id}/members/{user}`]: async () => ({ path: await member() }),
    [`delete ${v1}/organizations/{id}/membership`]: async (caller) => ({
      path: `${org()}/membership`,
      headers: (await double(cast(), caller)).headers,
    }),
    [`post ${v1}/organizations/{id}/invitations`]: () => ({
      path: `${org()}/invitations`,
      body: { email: freshAddress(), role: "viewer" },
    }),
    [`get ${v1}/organizations/{id}/invitations`]: get(() => `${org()}/invitations`),
    [`delete ${v1}/organizations/{id}/invitations/{invitation}`]: async () => {
      const { seed, organization, users } = cast();
      return {
        path: `${org()}/invitations/${await seed.invitation(organization, freshAddress(), users.owner)}`,
      };
    },
    [`get ${v1}/invitations`]: get(() => `${v1}/invitations`),
    [`post ${v1}/invitations/{id}/acceptance`]: async (caller) => {
      const { id, headers } = await received(caller);
      return { path: `${v1}/invitations/${id}/acceptance`, headers };
    },
    [`delete ${v1}/invitations/{id}`]: async (caller) => {
      const { id, headers } = await received(caller);
      return { path: `${v1}/invitations/${id}`, headers };
    },
    [`get ${v1}/supabase-links`]: get(() => `${v1}/supabase-links`),
    [`post ${v1}/supabase-links`]: async (caller) => ({
      path: `${v1}/supabase-links`,
      body: { token: await token(project.claims({ sub: randomUUID() })) },
      headers: (await double(cast(), caller)).headers,
    }),
    [`delete ${v1}/supabase-links/{id}`]: async (caller) => {
      const { user, headers } = await double(cast(), caller);
      await cast().seed.account(user);
      return {
        path: `${v1}/supabase-links/${await cast().seed.account(user, providerOf(project.issuer))}`,
        headers,
      };
    },
    [`post ${v1}/address`]: async (caller) => ({
      path: `${v1}/address`,
      body: { email: freshAddress() },
      headers: (await withoutAddress(caller)).headers,
    }),
    [`post ${v1}/address-confirmation`]: async (caller) => {
      const { user, headers } = await withoutAddress(caller);
      const code = await signAddressCode(identity, user, freshAddress());
      return { path: `${v1}/address-confirmation`, body: { code }, headers };
    },
    [`post ${v1}/organizations/{id}/api-keys`]: () => ({
      path: `${org()}/api-keys`,
      body: { name: "Key", scope: "read" },
    }),
    [`get ${v1}/organizations/{id}/api-keys`]: get(() => `${org()}/api-keys`),
    [`delete ${v1}/organizations/{id}/api-keys/{key}`]: async () => {
      const { seed, organization, users } = cast();
      const id = newId("key");
      await seed.key(users.owner, { id, organization_id: organization });
      return { path: `${org()}/api-keys/${id}` };
    },
    [`post ${v1}/staff/api-keys`]: () => ({
      path: `${v1}/staff/api-keys`,
      body: { name: "Key", scope: "read" },
    }),
    [`get ${v1}/staff/api-keys`]: get(() => `${v1}/staff/api-keys`),
    [`delete ${v1}/staff/api-keys/{key}`]: async () => {
      const id = newId("key");
      await cast().seed.key(cast().users.staff, { id });
      return { path: `${v1}/staff/api-keys/${id}` };
    },
    [`get ${v1}/staff`]: get(() => `${v1}/staff`),
    [`put ${v1}/staff/{user}`]: async () => ({ path: `${v1}/staff/${await cast().seed.person()}` }),
    [`delete ${v1}/staff/{user}`]: async () => ({
      path: `${v1}/staff/${await cast().seed.person({ staff: true })}`,
    }),
    [`post ${v1}/impersonations`]: async () => ({
      path: `${v1}/impersonations`,
      body: { user: await cast().seed.person(), reason: "Ticket 1" },
    }),
    [`post ${v1}/introspections`]: () => ({ path: `${v1}/introspections`, body: { token: "nobody's" } }),
    ...auditRequests("user", cast),
    [`get ${v1}/known-organizations/{id}`]: get(() => `${v1}/known-organizations/${cast().organization}`),
  };
}
