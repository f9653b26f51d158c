import { type Allowed, allowed } from "./allowed.ts";
import { type Found, Needles } from "./needles.ts";
import { everyPlace } from "./places.ts";
import type { Run } from "./run.ts";

export interface Place {
  name: string;
  items: number;
  bytes: number;
}

export interface Hit extends Found {
  place: string;
  where: string;
  /** What stands before it. */
  before: string;
  allowed: Allowed | undefined;
}

/** What looks like a credential, whether it is one that is known or not. */
const lookalikes: Array<[name: string, form: RegExp]> = [
  ["anything like a JSON Web Token", /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/],
  ["anything like a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ["anything like an API key of ours", /berth_[A-Za-z]{64}/],
];

/** Looks for every secret of a run in every place. */
export async function search(run: Run): Promise<{ places: Place[]; secrets: string[]; hits: Hit[] }> {
  const needles = new Needles(run.secrets.all);
  const places = new Map<string, Place>();
  const hits: Hit[] = [];
  for await (const { place, where, text, shows, isOthers } of everyPlace(run)) {
    const sum = places.get(place) ?? { name: place, items: 0, bytes: 0 };
    places.set(place, { name: place, items: sum.items + 1, bytes: sum.bytes + text.length });
    // What is there to show a credential looks like one.
    const alikes = isOthers || (shows && shows.size > 0) ? [] : alike(text);
    for (const found of [...needles.in(text), ...alikes]) {
      if (shows?.has(found.secret)) continue;
      const before = text.subarray(Math.max(0, found.at - 60), found.at).toString();
      hits.push({ ...found, place, where, before, allowed: allowing(found.secret, place, where) });
    }
  }
  const names = [...run.secrets.all.map(({ name }) => name), ...lookalikes.map(([name]) => name)];
  return { places: [...places.values()], secrets: names, hits };
}

function alike(text: Buffer): Found[] {
  const plain = text.toString("latin1");
  return lookalikes.flatMap(([secret, form]) => {
    const at = plain.search(form);
    return at < 0 ? [] : [{ secret, form: "plain", at }];
  });
}

function allowing(secret: string, place: string, where: string): Allowed | undefined {
  return allowed.find((one) => one.secret.test(secret) && one.place === place && one.where.test(where));
}
