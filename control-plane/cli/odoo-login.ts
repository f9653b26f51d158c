import { throughTraefik } from "./through-traefik.ts";

/** Logs in to an Odoo through Traefik by JSON-RPC. Gives the user's id; throws a sentence when Odoo refuses. */
export async function odooLogin(
  port: number,
  host: string,
  credentials: { database: string; login: string; password: string },
): Promise<number> {
  const answer = await throughTraefik(port, host, "/web/session/authenticate", {
    body: {
      jsonrpc: "2.0",
      method: "call",
      params: { db: credentials.database, login: credentials.login, password: credentials.password },
    },
    timeoutMs: 30_000,
  });
  if (answer.status !== 200) throw new Error(`${host} answered ${answer.status} to the login.`);
  const { result, error } = JSON.parse(answer.body) as {
    result?: { uid?: number };
    error?: { data?: { message?: string } };
  };
  if (!result?.uid)
    throw new Error(`${host} refused the login: ${error?.data?.message ?? "wrong login or password"}.`);
  return result.uid;
}
