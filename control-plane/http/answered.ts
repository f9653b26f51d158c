import { BerthError, type ProblemCode, problems } from "../errors.ts";

interface Answer {
  ok: boolean;
  status: number;
  headers: Headers;
  json(): Promise<unknown>;
}

/** Refusals of the service that asks: they are none of whoever it asks for. */
const refusesUs: ReadonlySet<ProblemCode> = new Set(["unauthorized", "forbidden", "too_many_requests"]);

/**
 * The response of a call to another service that was taken. Throws the problem it was refused with, or
 * `service_unavailable` when nothing answered, or when the service that asks is not let in itself.
 * @param service as a sentence names it: "the instance service"
 */
export async function answered<R extends Answer>(service: string, call: Promise<R>): Promise<R> {
  const name = `${service.charAt(0).toUpperCase()}${service.slice(1)}`;
  const response = await call.catch((error) => {
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
  if (refusesUs.has(code)) {
    throw new BerthError(
      "service_unavailable",
      `${name} does not take what is asked of it for you. Try again in a few seconds.`,
      { headers: { "Retry-After": later ?? "2" }, cause: new Error(`${code}: ${problem.detail}`) },
    );
  }
  throw new BerthError(code, problem.detail ?? `There was an answer ${response.status} of ${service}.`, {
    headers: later ? { "Retry-After": later } : {},
  });
}
