import { templateName } from "../../platform/template/name.ts";
import { whyNoDatabase } from "../bench.ts";
import type { Check } from "../finding.ts";

export const template: Check = {
  name: "template",
  async look(bench) {
    const reason = whyNoDatabase(bench);
    if (reason || !bench.platform) return { unknown: reason ?? "this environment was never brought up" };
    const { name } = await templateName(bench.platform.images.odoo.digest);
    const rows = await bench.rows<{ fine: boolean }>(
      { server: "tenants", database: "postgres" },
      "select datistemplate and not datallowconn and shobj_description(oid, 'pg_database') is not null as fine from pg_database where datname = $1",
      [name],
    );
    if (rows[0]?.fine) return { well: name };
    return [
      {
        status: "wrong",
        what: `The template database ${name} is ${rows.length === 0 ? "not there" : "not whole"}.`,
        why: "New tenants are cloned from it: none can be made.",
        mend: "bin/berth platform up, which makes it again (a minute or two)",
      },
    ];
  },
};
