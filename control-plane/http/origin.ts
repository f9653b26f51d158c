import { BlockList, isIP, isIPv6 } from "node:net";

/** The address a request came from, by its socket's and its `X-Forwarded-For`; null for what came over no network. */
export type OriginOf = (remote: string | undefined, forwarded: string | undefined) => string | null;

/**
 * Believes `X-Forwarded-For` as far as proxies of ours wrote it. Each adds whom it was called from, so what counts is the
 * last one that is none of them: those before it are whatever the caller says.
 * @param proxies addresses, or networks (CIDR)
 */
export function createOriginOf(proxies: readonly string[]): OriginOf {
  const ours = new BlockList();
  for (const proxy of proxies) {
    const [address = "", bits] = proxy.split("/");
    if (isIPv6(address)) ours.addSubnet(address, Number(bits ?? 128), "ipv6");
    else ours.addSubnet(address, Number(bits ?? 32), "ipv4");
  }
  const isOurs = (address: string) => ours.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  return (remote, forwarded = "") => {
    if (remote === undefined) return null;
    let origin = remote;
    for (const one of forwarded.split(",").toReversed()) {
      const address = one.trim();
      if (!isOurs(origin) || isIP(address) === 0) break;
      origin = address;
    }
    return origin;
  };
}
