const domain = "@supabase.invalid";

/** Stands for the address of an account that has none: no mail reaches it (RFC 2606), and nobody can sign up with it. */
export function placeholderAddress(userId: string): string {
  return `${userId}${domain}`;
}

/** Whether an account has no address yet. */
export function isPlaceholder(address: string): boolean {
  return address.endsWith(domain);
}
