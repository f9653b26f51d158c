import { throughTraefik } from "../../control-plane/cli/through-traefik.ts";
import { apiHost } from "../../control-plane/settings.ts";
import type { Run } from "./run.ts";

/** Requests that do not fit, with secrets where they belong and where they do not. */
export async function misfits(run: Run, authorization = ""): Promise<void> {
  const { recorder } = run;
  const password = run.known("password of Ann");
  const key = authorization.slice("Bearer ".length);
  const query = encodeURIComponent(key);
  const as = { authorization };
  const tenants = "/tenant/v1/tenants";
  const requests: Array<[string, string, unknown?, Record<string, string>?]> = [
    ["POST", "/user/v1/sessions", `{"email":"ann@acme.example","password":"${password}`],
    ["POST", "/user/v1/sessions", { email: password, password: [password] }],
    ["POST", "/user/v1/sessions", { email: "nobody@acme.example", password }],
    ["POST", "/user/v1/sessions", { email: "ann@acme.example", password, [password]: password }],
    ["POST", "/user/v1/accounts", { name: password, email: "x", password: password.slice(0, 9) }],
    ["POST", "/user/v1/introspections", { token: key }],
    ["POST", tenants, { slug: "x", name: "X", admin: { email: password, password: [password] } }, as],
    ["POST", tenants, { slug: password, [password]: 1 }, as],
    ["GET", `${tenants}?token=${query}`, undefined, { authorization: `Basic ${btoa(`x:${key}`)}` }],
    ["GET", `/instance/v1/operations?cursor=${query}`, undefined, as],
    ["GET", `${tenants}/${key}`, undefined, as],
    ["DELETE", `/user/v1/${key}`],
    ["GET", `/nowhere/${key}`],
    ["PATCH", "/user/v1/sessions", { password }],
    ["GET", "/user/v1/organizations", undefined, { ...as, "x-request-id": `${key} ${key}` }],
  ];
  for (const request of requests) await recorder.call(...request);
  // By way of Traefik, which has a log of its own.
  const settings = run.settings();
  for (const path of [
    `${tenants}?token=${query}`,
    `/user/v1/${key}?password=${encodeURIComponent(password)}`,
  ]) {
    const answer = await throughTraefik(settings.httpPort, apiHost(settings), path, { headers: as });
    recorder.keep(`GET ${path.slice(0, 12)}... through Traefik`, {
      status: answer.status,
      headers: new Headers(Object.entries(answer.headers).map(([name, value]) => [name, `${value}`])),
      text: answer.body,
    });
  }
}
