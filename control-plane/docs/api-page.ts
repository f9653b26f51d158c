import type { Access } from "../access/access.ts";
import { row } from "../access/table.ts";
import { accessExtension } from "../http/route.ts";
import { openApiDocuments } from "./documents.ts";
import type { OpenApiDocument } from "./operations.ts";

const head = `# API

Made from the services' OpenAPI documents, by \`npm run docs\`; a test fails when it was forgotten.

Every service has pages to try it out at \`/<service>/reference\`, and the whole document, with every field and refusal, at
\`/<service>/openapi.json\`. They answer at \`http://127.0.0.1:8000\` and, through Traefik, at \`http://api.<domain>\`.
A token or key goes into \`Authorization: Bearer\`. Refusals are \`application/problem+json\` with a \`code\` for programs, a sentence for people
and a \`requestId\`. A POST takes an \`Idempotency-Key\` where that stands; 202 means that an operation goes on, which \`Location\` names.

"Who" is said in short: roles stand for themselves and those above (viewer, developer, admin, owner), and for keys of that scope;
[who may call what](../authorization.md) has each caller's answer and the limits of rate. A field with \`?\` may be left out.

`;

interface Field {
  name?: string;
  in?: string;
  required?: boolean;
  $ref?: string;
}

interface Schema {
  $ref?: string;
  properties?: Record<string, unknown>;
  required?: string[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

interface Described {
  summary?: string;
  description?: string;
  [accessExtension]?: Access;
  parameters?: Field[];
  requestBody?: { required?: boolean; content: Record<string, { schema?: Schema }> };
  responses?: Record<string, unknown>;
}

/** The page of docs/reference/ with every operation of every service. */
export async function apiPage(): Promise<string> {
  const sections = Object.entries(await openApiDocuments()).map(([service, document]) => {
    const rows = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, Described>).map(([method, operation]) => {
        const says = [operation.summary, operation.description].filter(Boolean).join(". ");
        const cells = [
          `\`${method.toUpperCase()} ${path}\``,
          says.replace(/\s+/g, " "),
          whoInWords(operation[accessExtension]),
          takes(operation, document),
          Object.keys(operation.responses ?? {})
            .filter((status) => Number(status) < 400)
            .join(", "),
        ];
        return row(cells.map((cell) => cell.replaceAll("|", "\\|")));
      }),
    );
    const titles = ["operation", "what it does", "who", "takes", "answers"];
    return [`## ${service} service`, "", row(titles), row(titles.map(() => "---")), ...rows, ""].join("\n");
  });
  return head + sections.join("\n");
}

/** Who may call an operation. What declares nothing is open: health and the reference. */
function whoInWords(access: Access | undefined): string {
  if (!access) return "anybody";
  const inPerson = "inPerson" in access && access.inPerson ? ", in person" : "";
  switch (access.who) {
    case "anyone":
      return "anybody";
    case "known":
      return "whoever is known";
    case "person":
      return `a person${inPerson}`;
    case "role":
      return `${access.role}${access.beyondTenant ? ", no key of one tenant" : ""}; staff`;
    case "member":
      return `a member: ${access.role}${inPerson}`;
    case "staff":
      return "staff";
    case "service":
      return "our services";
  }
}

function takes({ parameters = [], requestBody }: Described, document: OpenApiDocument): string {
  const asked = parameters
    .map((one) => (one.$ref ? (find(document, one.$ref) as Field) : one))
    .filter((one) => one.in !== "path")
    .map(({ name = "", in: place, required }) => {
      const shown = place === "header" ? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()) : name;
      return `\`${shown}${required ? "" : "?"}\``;
    });
  const bodies = Object.values(requestBody?.content ?? {}).map(({ schema }) =>
    fieldsOf(schema, document).join(", "),
  );
  const query = asked.length > 0 ? [asked.join(", ")] : [];
  return [...query, ...bodies.filter((body) => body !== "").map((body) => `body: ${body}`)].join("; ");
}

function fieldsOf(schema: Schema | undefined, document: OpenApiDocument): string[] {
  if (!schema) return [];
  if (schema.$ref) return fieldsOf(find(document, schema.$ref) as Schema, document);
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return [several.map((one) => fieldsOf(one, document).join(", ")).join(" or ")];
  const needed = new Set(schema.required ?? []);
  return Object.keys(schema.properties ?? {}).map((name) => `\`${name}${needed.has(name) ? "" : "?"}\``);
}

function find(document: OpenApiDocument, reference: string): unknown {
  let found: unknown = document;
  for (const name of reference.replace(/^#\//, "").split("/"))
    found = (found as Record<string, unknown>)[name];
  return found;
}
