import type { World } from "../e2e/world.ts";
import { type Facts, factsOf } from "./facts.ts";
import type { Ledger } from "./ledger.ts";
import type { PartName } from "./parts.ts";
import type { Scene } from "./scene.ts";

interface Judgement {
  lost: string[];
  twice: string[];
}

/** Parts whose loss ends what is being worked on: it is taken up again. */
const breaksOff: PartName[] = ["provisioner", "postgres", "redis"];

/** Whether every tenant that was asked for is there once and whole, and every one that was deleted is gone. */
export async function judgeTenants(
  { world, containers }: Scene,
  part: PartName,
  { ready, gone }: { ready: string[]; gone: string[] },
): Promise<Judgement> {
  const found: Judgement = { lost: [], twice: [] };
  for (const slug of [...ready, ...gone]) {
    const rows = await world.sql<{ id: string }>("tenant", "select id from tenants where slug = $1", [slug]);
    if (rows.length === 0) found.lost.push(`${slug}: no tenant`);
    if (rows.length > 1) found.twice.push(`${slug}: ${rows.length} tenants`);
    for (const { id } of rows) {
      const facts = await factsOf(world, id);
      found.lost.push(...missing(facts, ready.includes(slug)).map((one) => `${slug}: ${one}`));
      const made = containers.count("create", facts.container);
      const repeated = doneTwice(facts, breaksOff.includes(part) ? 2 : 1, made);
      found.twice.push(...repeated.map((one) => `${slug}: ${one}`));
    }
  }
  return found;
}

function missing(facts: Facts, isReady: boolean): string[] {
  const { status, page, stacks, containers, databases, roles, operations, outbox } = facts;
  const wanted = isReady ? 1 : 0;
  const problems: string[] = [];
  if (status !== (isReady ? "ready" : "deleted")) problems.push(`it is ${status}`);
  if (stacks.join() !== (isReady ? "ready" : "gone"))
    problems.push(`its stack is ${stacks.join() || "missing"}`);
  if (page !== (isReady ? 200 : 404)) problems.push(`its address answers ${page}`);
  for (const [what, count] of Object.entries({
    containers,
    databases: databases.length,
    roles: roles.length,
  }))
    if (count < wanted || (!isReady && count > 0)) problems.push(`${count} ${what}`);
  const [create, ...rest] = operations;
  // A deletion ends what is open.
  if (create?.status !== "succeeded" && (isReady || create?.status !== "cancelled"))
    problems.push(`its create has ${create?.status}`);
  for (const { kind, status } of rest) if (status !== "succeeded") problems.push(`its ${kind} has ${status}`);
  for (const entry of outbox) if (/waits|refused/.test(entry)) problems.push(`in the outbox: ${entry}`);
  return problems;
}

/** @param attempts how often an operation may have been begun */
function doneTwice(facts: Facts, attempts: number, made: number): string[] {
  const { status, operations, containers, databases, roles, outbox, updates, feed, audit } = facts;
  const problems: string[] = [];
  const asked = status === "deleted" ? 2 : 1;
  if (operations.length > asked) problems.push(`operations: ${operations.map(({ kind }) => kind)}`);
  for (const { kind, attempt } of operations)
    if (attempt > attempts) problems.push(`its ${kind} was begun ${attempt} times`);
  for (const [what, count] of Object.entries({
    containers,
    databases: databases.length,
    roles: roles.length,
  }))
    if (count > 1) problems.push(`${count} ${what}`);
  if (made > attempts) problems.push(`its container was made ${made} times`);
  if (outbox.length > asked) problems.push(`${outbox.length} entries in the outbox`);
  // What is begun again finds what is there and leaves it: only one update makes something and succeeds.
  const making = updates.filter((one) => /^update succeeded \d/.test(one)).length;
  if (making > 1 || updates.length > attempts) problems.push(`Pulumi's history: ${updates.join(", ")}`);
  const begun = Math.max(...operations.map(({ attempt }) => attempt));
  problems.push(
    ...repeated(feed, (one) => (one.endsWith("running") ? begun : 1)).map((one) => `feed: ${one}`),
  );
  const ended = operations.filter((one) => one.status === "succeeded").length;
  problems.push(
    ...repeated(audit, (one) => (one === "operation.succeeded" ? ended : 1)).map((one) => `audit: ${one}`),
  );
  return problems;
}

/** What is in a list more often than it may be. */
function repeated(list: string[], atMost: (one: string) => number): string[] {
  return [...new Set(list)].flatMap((one) => {
    const count = list.filter((other) => other === one).length;
    return count > atMost(one) ? [`${count} times ${one}`] : [];
  });
}

/** Starts of the keeper's container and restarts that were asked for, before the outage that is judged. */
const known = { starts: 1, restarts: 0 };

/** Whether the standing tenant's change and its restart were done, and once. */
export async function judgeKeeper({ world, containers, keeper }: Scene, name: string): Promise<Judgement> {
  const facts = await factsOf(world, keeper.id);
  const { slug } = keeper;
  const found: Judgement = { lost: [], twice: [] };
  const restarts = facts.operations.filter(
    ({ kind, status }) => kind === "restart" && status === "succeeded",
  ).length;
  const starts = containers.count("start", facts.container);
  const renamed = await world.sql(
    "tenant",
    "select from audit where tenant_id = $1 and action = 'tenant.change' and after->>'name' = $2",
    [keeper.id, name],
  );
  if (facts.name !== name) found.lost.push(`${slug}: its name is "${facts.name}"`);
  if (facts.page !== 200) found.lost.push(`${slug}: its address answers ${facts.page}`);
  if (restarts <= known.restarts) found.lost.push(`${slug}: was not restarted`);
  if (starts <= known.starts) found.lost.push(`${slug}: its container was not started again`);
  if (renamed.length !== 1) found.twice.push(`${slug}: ${renamed.length} audit rows of one change`);
  if (restarts > known.restarts + 1) found.twice.push(`${slug}: ${restarts - known.restarts} restarts`);
  if (starts > known.starts + 1) found.twice.push(`${slug}: started ${starts - known.starts} times`);
  Object.assign(known, { starts, restarts });
  return found;
}

/** Whether what was refused left a trace: an audit row, an answer that is kept, a tenant. */
export async function judgeRefused(world: World, ledgers: Ledger[]): Promise<string[]> {
  const outcomes = ledgers.flatMap((ledger) => ledger.outcomes);
  const traces: string[] = [];
  for (const { wanted, status, body } of outcomes) {
    if (status !== 503) continue;
    const found = async (database: string, query: string, value: unknown) =>
      (await world.sql(database, `select from ${query} = $1`, [value])).length > 0;
    const name = `${wanted.method} ${wanted.path}, refused`;
    // A repetition of what was accepted before is refused as well: what is there then is the first one's.
    const isRepetition = outcomes.some((other) => other.wanted === wanted && other.status === 202);
    for (const database of ["tenant", "instance"]) {
      if (await found(database, "audit where request_id", body.requestId))
        traces.push(`${name}: audited in ${database}`);
      if (!isRepetition && (await found(database, "idempotency where key", wanted.key)))
        traces.push(`${name}: its answer is kept in ${database}`);
    }
    if (
      wanted.what === "create" &&
      !isRepetition &&
      (await found("tenant", "tenants where slug", wanted.slug))
    )
      traces.push(`${name}: its tenant is there`);
  }
  return traces;
}
