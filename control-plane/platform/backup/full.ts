/** Whether a file of ours could not be written for want of space. What a server says of its own disk is another matter. */
export function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** What a program that writes a file of ours has said of it, as the error that we would have got ourselves. */
export function asOwn(error: unknown): unknown {
  const { message } = error as Error;
  if (!/no space left|quota exceeded/i.test(message)) return error;
  return Object.assign(new Error(message, { cause: error }), { code: "ENOSPC" });
}
