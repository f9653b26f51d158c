import { accessTable, row } from "../access/table.ts";
import { limits } from "../http/limits.ts";
import { openApiDocuments } from "./documents.ts";
import { operationsOf } from "./operations.ts";

const head = `# Who may call what

Made from what the routes declare, by \`npm run docs\`; a test calls every operation as everybody and compares.

Of another organisation nothing is there: 404. A number is the status of the refusal.
Whoever may call an operation that is about no single thing gets their own: a list has what is theirs.
A key can do what its scope says and never more than its maker can.
The refusals of what a request asks for (422, 409 ...) come after these.

`;

/** The page of docs/ that says who may call what. Nothing is connected for it. */
export async function accessPage(): Promise<string> {
  const documents = Object.entries(await openApiDocuments());
  const tables = documents.map(([name, document]) => [name, operationsOf(document)] as const);
  return head + accessTable(Object.fromEntries(tables)) + limitsTable();
}

const limitsHead = `
## Limits of rate

Counted in Redis, for all processes together. Over a limit the answer is 429 with \`Retry-After\`; \`RateLimit\` and
\`RateLimit-Policy\` say before what is left (of reads when a tenth is). When Redis is away, each does what its line says: "count here" counts in each
process, from nothing; "let pass" counts nothing. Our own services are not counted, but for asking for a token. A body is not looked at before its sender is counted.

`;

function limitsTable(): string {
  const rows = Object.entries(limits).map(([name, { what, per, points, seconds, whenRedisIsAway }]) =>
    row([name, what, per, `${points} in ${seconds} s`, whenRedisIsAway]),
  );
  const titles = ["limit", "what is counted", "per", "how many", "when Redis is away"];
  return [limitsHead + row(titles), row(titles.map(() => "---")), ...rows, ""].join("\n");
}
