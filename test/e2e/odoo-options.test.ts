import { beforeAll, expect, test } from "vitest";
import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { openWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await openWorld();
});

test("a tenant with lang fr_FR has its login page in French, its country and its modules", async () => {
  const made = await world.create({
    slug: "bonjour",
    odoo: { lang: "fr_FR", country: "FR", modules: ["contacts"] },
  });
  const page = await throughTraefik(world.settings.httpPort, made.host, "/web/login");
  expect(page.status).toBe(200);
  expect(page.body).toContain("Mot de passe");
  const [module] = await world.sql<{ state: string }>(
    made.database,
    "SELECT state FROM ir_module_module WHERE name = 'contacts'",
  );
  expect(module?.state).toBe("installed");
  const [company] = await world.sql<{ code: string }>(
    made.database,
    "SELECT code FROM res_company JOIN res_partner p ON p.id = partner_id JOIN res_country c ON c.id = p.country_id WHERE res_company.id = 1",
  );
  expect(company?.code).toBe("FR");
  expect((await world.remove("bonjour")).status).toBe("succeeded");
});

test.each([
  ["an unknown module", { modules: ["no_such_module"] }, "no_such_module"],
  ["an unknown language", { lang: "xx_XX" }, "xx_XX"],
  ["an unknown country", { country: "QQ" }, "QQ"],
])("%s is refused before anything is made", async (_name, odoo, named) => {
  await expect(world.create({ slug: "refused", odoo })).rejects.toMatchObject({
    status: 422,
    message: expect.stringContaining(named),
  });
  await expect(world.api("GET", "/tenant/v1/tenants/refused")).rejects.toMatchObject({ status: 404 });
});
