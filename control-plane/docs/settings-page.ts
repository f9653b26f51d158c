import { join } from "node:path";
import { z } from "zod";
import { variables as toolchainVariables } from "../../toolchain/settings.ts";
import { row } from "../access/table.ts";
import { projectRoot } from "../paths.ts";
import { defaultPorts } from "../ports.ts";
import { variables as serviceVariables } from "../service-settings.ts";
import { variables as environmentVariables } from "../settings.ts";
import { toolPortVariables } from "../tool-names.ts";
import { sourceComments } from "./source-comments.ts";

const head = `# Settings

Made from the schemas that read them, by \`npm run docs\`; a test fails when it was forgotten.

All are environment variables. An empty one is as good as none. One that cannot be used is refused at start, with its name and what it
must be. The [operator's guide](../operators-guide.md) tells what they are for.
`;

const parts = [
  {
    title: "An environment",
    says: "Read by `bin/berth`, by whatever it starts, and by `make`. Two environments on one machine differ in `BERTH_ENV`, `BERTH_PORT_OFFSET` (or their ports) and `BERTH_TENANT_SUBNET`.",
    schema: environmentVariables,
    file: "control-plane/settings.ts",
  },
  {
    title: "A service that runs alone",
    says: "Read besides those above by a service that is started by hand or as an image ([why so](../operators-guide.md#images-of-the-services)).",
    schema: serviceVariables,
    file: "control-plane/service-settings.ts",
  },
  {
    title: "What is downloaded and built",
    says: "Read by `make setup` and by whatever needs a tool or an image ([the toolchain](../../toolchain/README.md)).",
    schema: toolchainVariables,
    file: "toolchain/settings.ts",
  },
];

/** The page of docs/reference/ with every setting. */
export async function settingsPage(): Promise<string> {
  const tables = parts.map(async ({ title, says, schema, file }) => {
    const comments = await sourceComments(join(projectRoot, file));
    const rows = Object.entries(schema.shape).map(([name, one]) => {
      const said = comments[name]?.text || ofTool(name);
      if (!said) throw new Error(`${file} says nothing of ${name}: give it a doc comment.`);
      const value = comments[name]?.madeDefault ? "" : defaultOf(name, one);
      return row([`\`${name}\``, said, valuesOf(one), value].map((cell) => cell.replaceAll("|", "\\|")));
    });
    return [
      `## ${title}`,
      "",
      says,
      "",
      row(["variable", "what", "value", "default"]),
      row(["---", "---", "---", "---"]),
      ...rows,
      "",
    ];
  });
  return `${head}\n${(await Promise.all(tables)).flat().join("\n")}`;
}

function ofTool(name: string): string | undefined {
  const [key, one] = Object.entries(toolPortVariables).find(([, { variable }]) => variable === name) ?? [];
  if (!one) return undefined;
  return key === "smtp" ? "Where Mailpit takes mails, on 127.0.0.1." : `Port of ${one.part}, on 127.0.0.1.`;
}

function defaultOf(name: string, schema: z.ZodType): string {
  const port = {
    ...defaultPorts,
    ...Object.fromEntries(Object.values(toolPortVariables).map((one) => [one.variable, one.port])),
  }[name];
  if (port !== undefined) return `${port} + \`BERTH_PORT_OFFSET\``;
  const { success, data } = schema.safeParse(undefined);
  if (!success) return "must be set";
  if (data === undefined || data === "") return "";
  return `\`${Array.isArray(data) ? data.join(",") : String(data)}\``;
}

/** Values in words, as far as the schema tells. */
function valuesOf(schema: z.ZodType): string {
  const {
    type,
    format,
    minimum,
    maximum,
    enum: choices,
  } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  if (choices) return choices.map((one) => `\`${one}\``).join(", ");
  if (type === "integer" && minimum !== undefined) return `${minimum} to ${maximum}`;
  if (type === "integer" || type === "number") return "a number";
  const formats: Record<string, string> = {
    uri: "a URL",
    email: "an address of mail",
    hostname: "a host name",
    cidrv4: "a network (CIDR)",
  };
  return (format && formats[format]) ?? "text";
}
