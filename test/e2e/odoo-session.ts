import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import type { Made, World } from "./world.ts";

/** Logs a tenant's administrator in and gives the session's cookie. */
export async function session(world: World, made: Made): Promise<string> {
  const answer = await throughTraefik(world.settings.httpPort, made.host, "/web/session/authenticate", {
    body: {
      jsonrpc: "2.0",
      params: { db: made.database, login: made.admin.email, password: made.admin.password },
    },
    timeoutMs: 30_000,
  });
  const cookie = answer.headers["set-cookie"]?.find((text) => text.startsWith("session_id="))?.split(";")[0];
  if (!cookie) throw new Error(`No session: ${answer.body.slice(0, 200)}`);
  return cookie;
}

/** Calls a method of one of Odoo's models as the browser does. */
export async function callOdoo<T>(
  world: World,
  { made, cookie }: { made: Made; cookie: string },
  model: string,
  method: string,
  ...args: unknown[]
): Promise<T> {
  const answer = await throughTraefik(
    world.settings.httpPort,
    made.host,
    `/web/dataset/call_kw/${model}/${method}`,
    {
      body: { jsonrpc: "2.0", method: "call", params: { model, method, args, kwargs: {} } },
      headers: { cookie },
      timeoutMs: 30_000,
    },
  );
  const { result, error } = JSON.parse(answer.body) as { result: T; error?: unknown };
  if (error) throw new Error(`${model}.${method}: ${JSON.stringify(error).slice(0, 2_000)}`);
  return result;
}
