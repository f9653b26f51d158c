/** What goes into a run of schemathesis and what comes out of it. */

export interface FuzzOptions {
  /** The schemathesis to run. */
  program: string;
  /** Where the service answers: `http://127.0.0.1:8000`. Its document is at `/<service>/openapi.json`. */
  baseUrl: string;
  service: string;
  /** Sent with every request. They travel in the environment, never as arguments. */
  headers: Record<string, string>;
  /** Other ones for single operations, by method and path: `DELETE /user/v1/sessions/current`. */
  headersOf?: Record<string, Record<string, string>>;
  /** Values of what is there, tried half of the time, by parameter: `path.slug`, `body.odoo.modules[*]`. */
  known?: Record<string, string[]>;
  /** Made-up requests for each operation, at most; those at the borders of its schemas come on top. */
  maxExamples: number;
  /** Operations that are sent a quarter of that, for their answers take a fixed time. */
  slow?: string[];
  /** The same seed makes up the same requests, as far as the service gives the same answers. */
  seed: number;
  /** After this many milliseconds it is told to stop and to say what it has found so far. */
  fenceMs: number;
}

/** What schemathesis found, as its report for programs has it. */
export interface Verdict {
  /** One line each: `PUT /instance/v1/stacks/{tenant}: Server error`. */
  failures: string[];
  /** Operations of which no request that fits the document was ever taken, or refused for the present state. */
  unreached: string[];
}

export interface FuzzResult extends Verdict {
  /** Whether the fence ended it. */
  cutShort: boolean;
  /** What schemathesis says: each failure with the curl line that repeats it, the seed, and no header's value. */
  report: string;
}

/** What is read of a service's document. */
export interface Document {
  paths: Record<string, Record<string, { responses: Record<string, { content?: object }> }>>;
}
