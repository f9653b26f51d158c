import type { CallerName } from "../../control-plane/access/table.ts";
import { seeds } from "../support/seed.ts";
import { as } from "./people.ts";
import type { TestServices } from "./support.ts";

type Headers = Record<string, string>;

/** Everybody whom the table of who may call what tells apart, around one organisation. */
export interface Cast {
  organization: string;
  /** The other organisation. */
  strangers: string;
  /** The other tenant, for which one of the keys is. */
  otherTenant: string;
  users: Record<"stranger" | "viewer" | "developer" | "admin" | "owner" | "staff", string>;
  /** Several for nobody: each must be refused alike. */
  headers: Record<Exclude<CallerName, "nobody">, Headers> & { nobody: Headers[] };
  seed: ReturnType<typeof seeds>;
}

/** @param otherTenant a tenant of the organisation is made by this, once the organisation is there */
export async function gather(
  t: TestServices,
  otherTenant: (organization: string) => Promise<string>,
): Promise<Cast> {
  const seed = seeds((text, values) => t.rows("auth", text, values));
  const [viewer, developer, admin, owner, stranger] = await Promise.all(
    Array.from({ length: 5 }, () => seed.person()),
  );
  if (!viewer || !developer || !admin || !owner || !stranger) throw new Error("Not everybody came.");
  const staff = await seed.person({ staff: true });
  const organization = await seed.organization({
    [viewer]: "viewer",
    [developer]: "developer",
    [admin]: "admin",
    [owner]: "owner",
  });
  const strangers = await seed.organization({ [stranger]: "owner" });
  const other = await otherTenant(organization);
  const past = new Date(Date.now() - 1_000);
  const ofIt = { organization_id: organization };
  const session = async (user: string) => as(await seed.session(user));
  const key = async (more: Parameters<typeof seed.key>[1]) => as(await seed.key(owner, { ...ofIt, ...more }));
  const revoked = await seed.key(owner, ofIt);
  await t.rows("auth", "delete from api_keys where start is null and key = $1", [await hash(revoked)]);
  return {
    organization,
    strangers,
    otherTenant: other,
    users: { stranger, viewer, developer, admin, owner, staff },
    seed,
    headers: {
      nobody: [
        { authorization: "" },
        as("berth_there-is-no-such-key"),
        as(revoked),
        await key({ expires_at: past }),
        as(await seed.session(owner, { expires_at: past })),
        // A staff key of somebody who is no staff.
        as(await seed.key(owner)),
        // A key of somebody who is not in the organisation any more.
        as(await seed.key(stranger, ofIt)),
        { authorization: `Basic ${revoked}` },
      ],
      stranger: await session(stranger),
      viewer: await session(viewer),
      developer: await session(developer),
      admin: await session(admin),
      owner: await session(owner),
      staff: await session(staff),
      actingStaff: as(await seed.session(owner, { impersonated_by: staff })),
      readKey: await key({ scope: "read" }),
      writeKey: await key({ scope: "write" }),
      otherTenantsKey: await key({ tenant_id: other }),
      service: t.asService,
    },
  };
}

async function hash(key: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  return createHash("sha256").update(key).digest("base64url");
}
