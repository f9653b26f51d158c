import { BerthError, type ProblemCode, problems } from "../errors.ts";

interface Answer {
  ok: boolean;
  status: number;
  headers: Headers;
  json(): Promise<unknown>;
}

/**
 * The response of a call to another service that was taken. Throws the problem it was refused with, or
 * `service_unavailable` when nothing answered.
 * @param service as a sentence names it: "the instance service"
 */
export async function answered<R extends Answer>(service: string, call: Promise<R>): Promise<R> {
  const response = await call.catch((error) => {
    const name = `${service.charAt(0).toUpperCase()}${service.slice(1)}`;
    throw new BerthError("service_unavailable", `${name} does not answer. Try again in a few seconds.`, {
      headers: { "Retry-After": "2" },
      cause: error,
    });
  });
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  const code: ProblemCode =
    problem.code && problem.code in problems ? (problem.code as ProblemCode) : "service_unavailable";
  const later = response.headers.get("retry-after");
  throw new BerthError(code, problem.detail ?? `There was an answer ${response.status} of ${service}.`, {
    headers: later ? { "Retry-After": later } : {},
  });
}
