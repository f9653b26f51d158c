/** Every code a caller can see, with its HTTP status and title. The one table from errors to answers. */
export const problems = {
  invalid_json: [400, "The body is not valid JSON"],
  unauthorized: [401, "An API key or a session is needed"],
  sign_in_refused: [401, "Nobody is signed in by this"],
  forbidden: [403, "That is not allowed to this caller"],
  wrong_password: [403, "That is not the password of the account"],
  wrong_code: [403, "That is not a code of the second factor"],
  email_not_verified: [403, "The e-mail address is not confirmed"],
  not_found: [404, "There is no such thing"],
  method_not_allowed: [405, "This path does not take that method"],
  slug_taken: [409, "The slug is taken"],
  tenant_deleting: [409, "The tenant is being deleted"],
  operation_in_progress: [409, "Another operation is in progress"],
  operation_ended: [409, "The operation has ended"],
  not_cancellable: [409, "The operation cannot be cancelled"],
  not_retryable: [409, "The operation cannot be tried again"],
  not_ready: [409, "The instance is not ready"],
  stale_revision: [409, "A newer revision is known"],
  last_owner: [409, "An organisation needs an owner"],
  organization_in_use: [409, "The organisation has tenants"],
  already_member: [409, "They are a member already"],
  conflict: [409, "The present state does not allow it"],
  code_expired: [410, "The code is not valid"],
  precondition_failed: [412, "It was changed by somebody else"],
  body_too_large: [413, "The body is too large"],
  unsupported_media_type: [415, "The body must be JSON"],
  validation_failed: [422, "The request does not fit"],
  idempotency_key_reused: [422, "The Idempotency-Key was used for another request"],
  too_many_requests: [429, "Too many requests"],
  lease_lost: [409, "Another worker has taken the tenant over"],
  addresses_exhausted: [503, "No address is free"],
  identity_changed: [409, "The database is not the one this tenant had"],
  database_unavailable: [503, "The database does not answer"],
  service_unavailable: [503, "A part of Berth does not answer"],
  internal: [500, "Something went wrong"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof problems;

/** One field that does not fit: its path in the request (`admin.email`) and what it must be. */
export interface FieldError {
  path: string;
  message: string;
}

/** An error whose message is meant for the caller: a sentence that says what happened and what to do. */
export class BerthError extends Error {
  override name = "BerthError";
  readonly code: ProblemCode;
  readonly fields: FieldError[] | undefined;
  /** Answer headers, as `Retry-After`. */
  readonly headers: Record<string, string>;

  constructor(
    code: ProblemCode,
    message: string,
    options: { fields?: FieldError[]; headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.fields = options.fields;
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return problems[this.code][0];
  }
}

export function isBerthError(error: unknown, code?: ProblemCode): error is BerthError {
  return error instanceof BerthError && (code === undefined || error.code === code);
}

/** The request does not fit: one field, one sentence. */
export function invalid(path: string, message: string): BerthError {
  return new BerthError("validation_failed", `${path}: ${message}`, { fields: [{ path, message }] });
}

export function notFound(what: string): BerthError {
  return new BerthError("not_found", `There is no ${what}.`);
}
