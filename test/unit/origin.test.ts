import { expect, test } from "vitest";
import { createOriginOf } from "../../control-plane/http/origin.ts";

const one = "203.0.113.7";

test("without a proxy nobody is believed about where they come from", () => {
  const originOf = createOriginOf([]);
  expect(originOf("127.0.0.1", one)).toBe("127.0.0.1");
  expect(originOf(one, undefined)).toBe(one);
  expect(originOf(undefined, one)).toBeNull();
});

test.each([
  ["what the proxy says", "127.0.0.1", one, one],
  ["the same over IPv6", "::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1"],
  ["a proxy before the proxy", "127.0.0.1", `${one}, 10.1.2.3`, one],
  ["what somebody made up before that", "127.0.0.1", `192.0.2.1, ${one}`, one],
  ["what somebody made up as a proxy", "127.0.0.1", `192.0.2.1, 10.1.2.3, ${one}`, one],
  ["somebody who is no proxy", one, "192.0.2.1", one],
  ["a proxy that says nothing", "127.0.0.1", undefined, "127.0.0.1"],
  ["a proxy that says nothing of use", "127.0.0.1", "unknown", "127.0.0.1"],
  ["only proxies", "127.0.0.1", "10.1.2.3", "10.1.2.3"],
  ["another proxy of ours", "fd00::9", one, one],
])("where a request came from: %s", (_, remote, forwarded, origin) => {
  expect(createOriginOf(["127.0.0.1", "10.1.0.0/16", "fd00::/8"])(remote, forwarded)).toBe(origin);
});
