import { fileURLToPath } from "node:url";
import type { Document, FuzzOptions } from "./contract.ts";

type Options = Pick<
  FuzzOptions,
  "baseUrl" | "headers" | "headersOf" | "known" | "slow" | "maxExamples" | "seed"
>;

/** Chance of a known value where one is known; else one is made up. */
const probability = 0.5;
const hooks = fileURLToPath(new URL("hooks.py", import.meta.url));

/** schemathesis.toml of one run, and the environment that holds what must not be in it. */
export function configFile(options: Options, document: Document, verdictFile: string) {
  const env: Record<string, string> = {};
  /** A table of headers whose values are read from the environment. */
  const table = (headers: Record<string, string>) => {
    const pairs = Object.entries(headers).map(([name, value]) => {
      const variable = `FUZZ_HEADER_${Object.keys(env).length}`;
      env[variable] = value;
      return `${quote(name)} = ${quote(`\${${variable}}`)}`;
    });
    return `{ ${pairs.join(", ")} }`;
  };
  const known = Object.entries(options.known ?? {});
  const lines = [
    `base-url = ${quote(options.baseUrl)}`,
    `headers = ${table(options.headers)}`,
    `hooks = ${quote(hooks)}`,
    `seed = ${options.seed}`,
    // With more than one, Python 3.11's parser fails now and then.
    "workers = 1",
    "continue-on-failure = true",
    "request-timeout = 30.0",
    "max-redirects = 0",
    "warnings = false",
    "cache.enabled = false",
    `generation = { max-examples = ${options.maxExamples}, database = "none", with-security-parameters = false }`,
    `reports.json = { enabled = true, path = ${quote(verdictFile)} }`,
    "output.sanitization.enabled = true",
    "[checks]",
    "enabled = false",
    // A 503 may be documented, which the next check looks at; a 500 is wrong even if it is.
    'not_a_server_error = { enabled = true, expected-statuses = ["2xx", "3xx", "4xx", 503] }',
    "status_code_conformance.enabled = true",
    "content_type_conformance.enabled = true",
    "response_schema_conformance.enabled = true",
    "response_headers_conformance.enabled = true",
    "allow_header_conformance.enabled = true",
    "[dictionaries]",
    ...known.map(([, values], n) => `known${n}.values = [${values.map(quote).join(", ")}]`),
    "[parameters]",
    ...known.map(
      ([name], n) => `${quote(name)} = { dictionary = "known${n}", probability = ${probability} }`,
    ),
    // What goes on until its operation ends is left after the first event, or when none comes.
    ...streams(document).flatMap((operation) => [
      "[[operations]]",
      `include-name = ${quote(operation)}`,
      "max-stream-events = 1",
      "request-timeout = 3.0",
    ]),
    ...(options.slow ?? []).flatMap((operation) => [
      "[[operations]]",
      `include-name = ${quote(operation)}`,
      `generation.max-examples = ${Math.ceil(options.maxExamples / 4)}`,
    ]),
    ...Object.entries(options.headersOf ?? {}).flatMap(([operation, headers]) => [
      "[[operations]]",
      `include-name = ${quote(operation)}`,
      `headers = ${table(headers)}`,
    ]),
  ];
  return { text: `${lines.join("\n")}\n`, env };
}

/** The operations that answer with a stream of events. */
function streams({ paths }: Document): string[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { responses }]) =>
        Object.values(responses).some(({ content }) => content && "text/event-stream" in content),
      )
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
}

/** A TOML string: JSON's is one, too. */
function quote(text: string): string {
  return JSON.stringify(text);
}
