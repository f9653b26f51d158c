/**
 * A failure told in sentences: what happened and what to do. It has no stack, because Pulumi prints it to a person.
 */
export class Failure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Failure";
    this.stack = "";
  }
}

/** A driver's error, shortened to its reason. */
export function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message.split("\n")[0]?.replace(/\.$/, "") ?? error.name;
}
