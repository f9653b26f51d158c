/** A message for a person: what happened and what to do about it. */
export class ToolchainError extends Error {
  override name = "ToolchainError";
}

/** The official source cannot be used; building is the way left. The message is the reason. */
export class NotAvailable extends ToolchainError {
  override name = "NotAvailable";
}
