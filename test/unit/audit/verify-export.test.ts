import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { AuditHead } from "../../../control-plane/audit/entry.ts";
import { verifyExport } from "../../../control-plane/audit/verify-export.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
type Service = "user" | "tenant";

/** Lines of a chain of `count` entries, made as the database makes them. */
function chainOf(service: Service, count: number, actor = "user:usr_ada", chain = "org_acme"): string[] {
  const lines: string[] = [];
  for (let position = 1; position <= count; position++) {
    const before = lines.at(-1);
    lines.push(
      JSON.stringify({
        ...{ v: 1, service, chain, position, previous: before === undefined ? null : sha256(before) },
        ...{
          at: "2026-11-26T04:00:00.000Z",
          actor,
          action: "tenant.change",
          target: "ten_x",
          tenant: "ten_x",
        },
        ...{ origin: null, requestId: `r${position}`, before: { name: "Åcme" }, after: { name: "Acme" } },
      }),
    );
  }
  return lines;
}

const users = chainOf("user", 4);
const tenants = chainOf("tenant", 6);
const whole = [...users, ...tenants];
const end = (lines: string[]) => ({ position: lines.length, hash: sha256(lines.at(-1) ?? "") });
const headOf = (user: string[], tenant: string[]): AuditHead => ({
  ...{ v: 1, chain: "org_acme", at: "2026-11-26T05:00:00.000Z" },
  heads: { user: end(user), tenant: end(tenant) },
});
const head = headOf(users, tenants);

async function verify(lines: Array<string | Buffer>, heads = [head]) {
  const bytes = (async function* () {
    for (const line of lines) yield Buffer.from(line);
  })();
  return verifyExport(bytes, heads);
}

/** Puts something else in the place of one line. */
const at = (index: number, change: (line: string) => string) =>
  whole.map((line, i) => (i === index ? change(line) : line));

describe("an export of the audit", () => {
  test("is what it was, and says how far the head vouches", async () => {
    expect(await verify(whole)).toEqual({
      flaws: [],
      chains: [
        { service: "user", chain: "org_acme", entries: 4, vouched: 4, hash: head.heads.user?.hash },
        { service: "tenant", chain: "org_acme", entries: 6, vouched: 6, hash: head.heads.tenant?.hash },
      ],
    });
  });

  test("may have grown since the head, in whatever order services come", async () => {
    const before = headOf(users.slice(0, 2), tenants.slice(0, 1));
    const { flaws, chains } = await verify([...tenants, ...users], [before, head]);
    expect(flaws).toEqual([]);
    expect(chains.map(({ vouched }) => vouched)).toEqual([6, 4]);
    const older = await verify(whole, [before]);
    expect(older.chains.map(({ entries, vouched }) => entries - vouched)).toEqual([2, 5]);
  });

  const changed = /was changed/;
  const cases: Record<string, [string[] | Buffer[], Array<[number | null, RegExp]>]> = {
    "an actor changed": [at(5, (line) => line.replace("usr_ada", "usr_eve")), [[7, changed]]],
    "the last entry changed": [at(9, (line) => line.replace("usr_ada", "usr_eve")), [[null, changed]]],
    "a time changed": [at(1, (line) => line.replace("04:00", "04:01")), [[3, changed]]],
    "a space added": [at(1, (line) => line.replace('"v":1', '"v": 1')), [[3, changed]]],
    "another form of the same letter": [at(1, (line) => line.replace("Å", "A\u030a")), [[3, changed]]],
    "fields in another order": [
      at(1, (line) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).toReversed()))),
      [[3, changed]],
    ],
    "line ends of another system": [
      whole.map((line) => `${line}\r`),
      [...[2, 3, 4, 6, 7, 8, 9, 10], null, null].map((line): [number | null, RegExp] => [line, changed]),
    ],
    "a hash made to fit, and no more": [
      at(5, (line) => line.replace("usr_ada", "usr_eve")).map((line, i, lines) =>
        i === 6 ? line.replace(/"previous":"\w+"/, `"previous":"${sha256(lines[5] ?? "")}"`) : line,
      ),
      [[8, changed]],
    ],
    "a line left out": [whole.toSpliced(6, 1), [[7, /what was between them is missing/]]],
    "the first line left out": [whole.toSpliced(4, 1), [[5, /what was between them is missing/]]],
    "cut at the end": [whole.slice(0, -2), [[null, /vouches for 6 entries.*has 4: it was cut/]]],
    "a whole service left out": [users, [[null, /vouches for 6 entries.*has 0: it was cut/]]],
    "cut in the middle of a line": [
      [...whole.slice(0, -1), whole.at(-1)?.slice(0, 50) ?? ""],
      [
        [10, /not JSON/],
        [null, /it was cut/],
      ],
    ],
    "two lines changed over": [
      [...users, ...tenants.slice(0, 2), ...tenants.slice(2, 4).toReversed(), ...tenants.slice(4)],
      [
        [7, /what was between them is missing/],
        [8, /another order/],
        [9, /what was between them is missing/],
      ],
    ],
    "a line twice": [whole.toSpliced(7, 0, whole[6] ?? ""), [[8, /there twice/]]],
    "made anew as a whole": [
      [...users, ...chainOf("tenant", 6, "user:usr_eve")],
      [[null, /Entry 6 .* is not the one that the head .* vouches for/]],
    ],
    "another organisation's": [
      [...chainOf("user", 2, "user:usr_ada", "org_other"), ...tenants],
      [
        [1, /of org_other, for which no head was named/],
        [2, /of org_other, for which no head was named/],
        [null, /vouches for 4 entries.*has 0/],
      ],
    ],
    "an entry that begins in the middle": [
      at(4, (line) => line.replace('"previous":null', `"previous":"${"0".repeat(64)}"`)),
      [
        [5, /first entry .* names one before it/],
        [6, changed],
      ],
    ],
    "a line of something else": [whole.toSpliced(3, 0, '{"v":1}'), [[4, /not an entry/]]],
    "no UTF-8": [
      whole.map((line, i) => (i === 1 ? Buffer.from(line, "latin1") : Buffer.from(line))),
      [
        [2, /not JSON/],
        [3, /what was between them is missing/],
      ],
    ],
    "an empty file": [
      [],
      [
        [null, /no entries/],
        [null, /it was cut/],
        [null, /it was cut/],
      ],
    ],
  };
  test.each(Object.entries(cases))("is found to be another: %s", async (_, [lines, flaws]) => {
    const verdict = await verify(lines);
    expect(verdict.flaws).toEqual(
      flaws.map(([line, message]) => ({ line, message: expect.stringMatching(message) })),
    );
    expect(verdict.chains.every(({ vouched }) => vouched === 0)).toBe(true);
  });

  test("that was forged from some entry on is found by a head from after that, and by no older one", async () => {
    const forged = chainOf("tenant", 3);
    const eve = (position: number) =>
      JSON.stringify({
        ...(JSON.parse(tenants[position - 1] ?? "") as object),
        actor: "user:usr_eve",
        previous: sha256(forged.at(-1) ?? ""),
      });
    for (const position of [4, 5, 6]) forged.push(eve(position));
    const older = headOf(users, tenants.slice(0, 3));
    expect((await verify([...users, ...forged], [older])).flaws).toEqual([]);
    expect((await verify([...users, ...forged], [older])).chains[1]).toMatchObject({
      entries: 6,
      vouched: 3,
    });
    expect((await verify([...users, ...forged], [older, head])).flaws).toHaveLength(1);
  });

  test("that no head says anything about is not called what it was", async () => {
    const nothing: AuditHead = { ...head, heads: {} };
    const { flaws } = await verify(whole, [nothing]);
    expect(flaws).toEqual([{ line: null, message: "The head vouches for nothing that is in the file." }]);
  });

  test("cannot write on the terminal of whoever looks at it", async () => {
    const evil = (users[0] ?? "").replaceAll("org_acme", "org_\\u001b[2Kx");
    expect(JSON.parse(evil).chain).toContain("\u001b");
    const { flaws, chains } = await verify([evil], []);
    expect(flaws).toEqual([{ line: 1, message: "It is not an entry of an audit of Berth." }]);
    expect(chains).toEqual([]);
  });

  test("without a head hangs together, and nothing vouches for it", async () => {
    const { flaws, chains } = await verify(chainOf("tenant", 6, "user:usr_eve"), []);
    expect(flaws).toEqual([]);
    expect(chains).toMatchObject([{ entries: 6, vouched: 0 }]);
  });
});
