// A bare Hono app with one route that does one indexed select: what a read can cost at least on this machine.
// Started with the login as JSON on standard input; writes its port and runs until its standard input ends.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import pg from "pg";

const [line] = (await once(createInterface({ input: process.stdin }), "line")) as [string];
const pool = new pg.Pool({ ...(JSON.parse(line) as pg.PoolConfig), max: 10 });
const app = new Hono();
app.get("/tenants/:slug", async (c) => {
  const { rows } = await pool.query({
    name: "tenant",
    text: "select * from tenants where slug = $1 and status <> 'deleted'",
    values: [c.req.param("slug")],
  });
  return rows[0] ? c.json(rows[0]) : c.notFound();
});
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => console.log(port));
process.stdin.on("end", () => process.exit(0));
