/** Bytes that a piece of a secret must have to count as found; a shorter secret is looked for whole. */
const piece = 12;

export interface Secret {
  /** As the table calls it; never its value. */
  name: string;
  value: string;
}

export interface Found {
  secret: string;
  /** How it was written there: `plain`, `base64`, `hex` ... */
  form: string;
  /** Byte at which it begins. */
  at: number;
}

interface Needle {
  bytes: Buffer;
  secret: string;
  form: string;
}

/** The ways in which a secret may be written down, with the text of each. */
export function formsOf(value: string): Array<[form: string, text: string]> {
  const json = JSON.stringify(value).slice(1, -1);
  const hex = Buffer.from(value).toString("hex");
  return [
    ["plain", value],
    ["JSON", json],
    ["JSON in JSON", JSON.stringify(json).slice(1, -1)],
    ["URL", encodeURIComponent(value)],
    ["form", new URLSearchParams({ v: value }).toString().slice(2)],
    ["HTML", value.replaceAll("&", "&amp;").replaceAll('"', "&#34;").replaceAll("<", "&lt;")],
    ["hex", hex],
    ["hex", hex.toUpperCase()],
    ...[0, 1, 2].flatMap((before): Array<[string, string]> => {
      const text = base64Inside(value, before);
      return [
        ["base64", text],
        ["base64url", text.replaceAll("+", "-").replaceAll("/", "_")],
      ];
    }),
  ];
}

/** What a secret is in the base64 of a text that has `before` (modulo 3) bytes before it: the characters that are its own. */
function base64Inside(value: string, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]).toString("base64");
  const own = Math.floor(((before + Buffer.byteLength(value)) * 8) / 6);
  return text.slice(Math.ceil((before * 8) / 6), own);
}

/** Finds secrets, and any piece of one, in whatever form. All at once, in one pass over what is looked through. */
export class Needles {
  // By their first three bytes: most places of a text begin no needle at all.
  readonly #begins = new Uint8Array(1 << 24);
  readonly #byBegin = new Map<number, Needle[]>();
  readonly #seen = new Set<string>();

  constructor(secrets: Iterable<Secret>) {
    for (const { name, value } of secrets) {
      for (const [form, text] of formsOf(value)) this.#add(name, form, Buffer.from(text));
    }
  }

  get count(): number {
    return this.#seen.size;
  }

  #add(secret: string, form: string, text: Buffer): void {
    const length = Math.min(piece, text.length);
    if (length < 3) throw new Error(`The secret "${secret}" is too short to be looked for.`);
    for (let from = 0; from + length <= text.length; from++) {
      const bytes = text.subarray(from, from + length);
      const key = bytes.toString("latin1");
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      const begin = beginAt(bytes, 0);
      this.#begins[begin] = 1;
      const others = this.#byBegin.get(begin);
      if (others) others.push({ bytes, secret, form });
      else this.#byBegin.set(begin, [{ bytes, secret, form }]);
    }
  }

  /** Every secret that is in it, once each. */
  in(text: Buffer): Found[] {
    const found = new Map<string, Found>();
    for (let at = 0; at + 2 < text.length; at++) {
      const begin = beginAt(text, at);
      if (this.#begins[begin] === 0) continue;
      for (const { bytes, secret, form } of this.#byBegin.get(begin) ?? []) {
        const end = at + bytes.length;
        if (found.has(secret) || end > text.length || text.compare(bytes, 0, bytes.length, at, end) !== 0)
          continue;
        found.set(secret, { secret, form, at });
      }
    }
    return [...found.values()];
  }
}

function beginAt(text: Buffer, at: number): number {
  return ((text[at] ?? 0) << 16) | ((text[at + 1] ?? 0) << 8) | (text[at + 2] ?? 0);
}
