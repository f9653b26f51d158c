import { expect, test } from "vitest";
import { shareNext } from "../../control-plane/share-next.ts";

/** Questions that are answered by hand, with what is so when they are asked. */
function questions() {
  let now = "before";
  const asked: Array<{ key: string; answer: () => void; fail: () => void }> = [];
  const ask = shareNext((key) => {
    const seen = now;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    asked.push({ key, answer: () => resolve(seen), fail: () => reject(new Error("away")) });
    return promise;
  });
  const at = (n: number) => asked[n] ?? { key: "", answer: () => undefined, fail: () => undefined };
  return { ask, asked, at, becomes: (what: string) => (now = what) };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("a crowd asks twice: once for who came first, once for all the others", async () => {
  const { ask, asked, at } = questions();
  const all = Array.from({ length: 10 }, () => ask("ada"));
  expect(asked).toHaveLength(1);
  at(0).answer();
  await settle();
  expect(asked).toHaveLength(2);
  at(1).answer();
  expect(await Promise.all(all)).toEqual(Array.from({ length: 10 }, () => "before"));
  expect(asked).toHaveLength(2);
});

test("nobody is told what was so before they asked", async () => {
  const { ask, at, becomes } = questions();
  const first = ask("ada");
  becomes("after");
  const second = ask("ada");
  at(0).answer();
  expect(await first).toBe("before");
  await settle();
  // The second question is under way and has seen what was so by now; these come later.
  const third = ask("ada");
  becomes("later still");
  const fourth = ask("ada");
  at(1).answer();
  expect(await second).toBe("after");
  await settle();
  at(2).answer();
  expect([await third, await fourth]).toEqual(["later still", "later still"]);
});

test("keys do not wait for each other, and a failure is its own turn's only", async () => {
  const { ask, asked, at } = questions();
  const ada = ask("ada");
  const again = ask("ada");
  const eve = ask("eve");
  expect(asked.map(({ key }) => key)).toEqual(["ada", "eve"]);
  at(1).answer();
  expect(await eve).toBe("before");
  at(0).fail();
  await expect(ada).rejects.toThrow("away");
  await settle();
  at(2).answer();
  expect(await again).toBe("before");
  const alone = ask("ada");
  at(3).answer();
  expect(await alone).toBe("before");
});
