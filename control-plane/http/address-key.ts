import { isIPv6 } from "node:net";

/**
 * What calls from one address are counted by. Whoever has one IPv6 address has 2^64 of them, so those count as one.
 * @param origin a socket's remote address
 */
export function addressKey(origin: string | null): string {
  if (!origin) return "unknown";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(origin)?.[1];
  if (mapped) return mapped;
  const [bare = ""] = origin.split("%");
  if (!isIPv6(bare)) return origin;
  // In a URL it is written in one way only.
  const [head = "", tail] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split("::");
  const first = head ? head.split(":") : [];
  const last = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array<string>(zeros).fill("0"), ...last];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
