import type { z } from "@hono/zod-openapi";

type Issue = z.core.$ZodIssue;

const kinds: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

/** What a field may be called. Anything else may be a value in the wrong place, and is not repeated. */
const fieldName = /^[A-Za-z][\w.-]{0,29}$/;

/** What is wrong with a field, also where its schema has no words of its own for it. */
export function inWords(issue: Issue): string {
  const { message } = issue;
  if (issue.code === "unrecognized_keys" && !issue.keys.every((key) => fieldName.test(key)))
    return "has a field that is not known here";
  if (!message.startsWith("Invalid ")) return message;
  switch (issue.code) {
    case "invalid_type":
      if (message.endsWith("received undefined")) return "is missing";
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.map(String).join(" or ")}`;
    case "invalid_union":
      return "has none of the forms that are documented";
    default:
      return message;
  }
}
