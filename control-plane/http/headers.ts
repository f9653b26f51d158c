/** What an answer of an API says to a browser that is made to ask for it: not to keep it, show it, frame it or guess at it. */
export const apiHeaders: ReadonlyArray<[string, string]> = [
  ["cache-control", "no-store"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["cross-origin-resource-policy", "same-origin"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
];
