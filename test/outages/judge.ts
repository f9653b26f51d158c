import type { World } from "../e2e/world.ts";
import { type Facts, factsOf } from "./facts.ts";
import type { Ledger } from "./ledger.ts";
import type { PartName } from "./parts.ts";
import type { Scene } from "./run-outage.ts";

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
  const kinds = operations.map(({ kind }) => kind);
  if (kinds.join() !== (status === "deleted" ? "create,destroy" : "create"))
    problems.push(`operations ${kinds}`);
  for (const { kind, attempt } of operations)
    if (attempt > attempts) problems.push(`its ${kind} was begun ${attempt} times`);
  for (const [what, count] of Object.entries({
    containers,
    databases: databases.length,
    roles: roles.length,
  }))
    if (count > 1) problems.push(`${count} ${what}`);
  if (made > attempts) problems.push(`its container was made ${made} times`);
  if (outbox.length !== operations.length) problems.push(`${outbox.length} entries in the outbox`);
  const done = updates.filter((one) => one === "update succeeded").length;
  if (done > 1 || updates.length > attempts) problems.push(`Pulumi's history: ${updates.join(", ")}`);
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

/** Whether what was refused left a trace: a row, an answer that is kept, an audit row. */
export async function judgeRefused(world: World, ledgers: Ledger[]): Promise<string[]> {
  const traces: string[] = [];
  for (const { wanted, status, body } of ledgers.flatMap(({ outcomes }) => outcomes)) {
    if (status !== 503) continue;
    const name = `${wanted.method} ${wanted.path}, refused`;
    for (const database of ["tenant", "instance"]) {
      const audit = await world.sql(database, "select from audit where request_id = $1", [body.requestId]);
      if (audit.length > 0) traces.push(`${name}: audit rows in ${database}`);
      const kept = await world.sql(database, "select status from idempotency where key = $1", [wanted.key]);
      // A repetition of what was accepted before is refused, too, and what is kept is the first one's.
      const isRepeat = ledgers.some(({ outcomes }) =>
        outcomes.some((other) => other.wanted === wanted && other.status === 202),
      );
      if (kept.length > 0 && !isRepeat) traces.push(`${name}: an answer is kept in ${database}`);
    }
    const tenants = await world.sql("tenant", "select from tenants where slug = $1", [wanted.slug]);
    if (
      wanted.what === "create" &&
      tenants.length > 0 &&
      !ledgers.some(({ outcomes }) =>
        outcomes.some((other) => other.wanted === wanted && other.status === 202),
      )
    )
      traces.push(`${name}: the tenant is there`);
  }
  return traces;
}
