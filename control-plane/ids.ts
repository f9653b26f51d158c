import { randomInt } from "node:crypto";

const letters = "abcdefghijklmnopqrstuvwxyz";
const alphanumeric = `${letters}0123456789`;

/** Prefixes of the ids that Berth hands out. */
export type IdPrefix =
  | "ten"
  | "op"
  | "usr"
  | "ses"
  | "acc"
  | "ver"
  | "org"
  | "mem"
  | "inv"
  | "key"
  | "jwk"
  | "tfa"
  | "obj";

/** A new id: prefix, underscore and 16 of a-z and 0-9, beginning with a letter (82 random bits). */
export function newId(prefix: IdPrefix): string {
  let id = pick(letters);
  while (id.length < 16) id += pick(alphanumeric);
  return `${prefix}_${id}`;
}

const patterns = new Map<IdPrefix, RegExp>();

/** What every id with this prefix looks like. */
export function idPattern(prefix: IdPrefix): RegExp {
  const known = patterns.get(prefix) ?? new RegExp(`^${prefix}_[a-z][a-z0-9]{15}$`);
  patterns.set(prefix, known);
  return known;
}

/** Whether `value` has the form of an id with this prefix. */
export function isId(prefix: IdPrefix, value: string): boolean {
  return idPattern(prefix).test(value);
}

function pick(from: string): string {
  return from.charAt(randomInt(from.length));
}
