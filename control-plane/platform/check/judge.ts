import { names } from "../../../stacks/tenant/names.ts";
import { type Facts, type Found, nothingOf, type Recorded } from "./facts.ts";

export interface Verdict {
  id: string;
  slug: string;
  /** What the record says, in a word. */
  record: string;
  /** What was found: `database, container, files, route`, or `nothing`. */
  there: string;
  verdict: "as recorded" | "unknown" | "not so in the record" | "gone" | "another's" | "incomplete";
  /** What is wrong and what to do; empty where nothing is. */
  sentence: string;
}

/** Compares the record with what there is, tenant by tenant: those that need somebody first, then by slug. */
export function judge({ recorded, found, routesUnknown }: Facts, env: string): Verdict[] {
  const known = recorded.map((record) =>
    ofRecorded(record, found.get(record.id) ?? nothingOf(record.id), {
      env,
      seesRoutes: routesUnknown === undefined,
    }),
  );
  const ids = new Set(recorded.map(({ id }) => id));
  const strangers = [...found.values()].filter(({ id }) => !ids.has(id)).map(ofStranger);
  const rank = ({ verdict }: Verdict) => (verdict === "as recorded" ? 1 : 0);
  return [...strangers, ...known].toSorted((a, b) => rank(a) - rank(b) || a.slug.localeCompare(b.slug));
}

function ofStranger(found: Found): Verdict {
  const row = { id: found.id, slug: found.mark?.slug ?? "-", record: "-", there: inWords(found) };
  const since = found.mark ? `, in which people work since ${found.mark.readyAt.slice(0, 16)}` : "";
  return {
    ...row,
    verdict: "unknown",
    sentence: `What is there of it: ${row.there}${since}; the record does not know it. Berth leaves it alone. Is there a newer backup? Restore that one. Otherwise save its data by hand, and remove it by hand when nobody needs it.`,
  };
}

function ofRecorded(
  record: Recorded,
  found: Found,
  { env, seesRoutes }: { env: string; seesRoutes: boolean },
): Verdict {
  const row = { id: record.id, slug: record.slug ?? "-", record: record.status, there: inWords(found) };
  const is = (verdict: Verdict["verdict"], sentence = ""): Verdict => ({ ...row, verdict, sentence });
  // What is just being removed is there in part, and an operation will say how it ended.
  if (record.status === "deleting") return is("as recorded");
  if (record.readyAt === null) {
    if (!found.mark) return is("as recorded");
    return is(
      "not so in the record",
      `People work in its database since ${found.mark.readyAt.slice(0, 16)}, and the record says that it was never ready. Berth leaves it alone, and refuses to make or delete it. Is there a newer backup? Restore that one.`,
    );
  }
  const its = record.instances.map(({ name }) => ({ instance: name, ...names(record.id, name, env) }));
  const lost = its.filter(({ database }) => !found.databases.includes(database));
  if (lost.length > 0)
    return is(
      "gone",
      `Its database ${lost.map(({ database }) => database).join(", ")} is not there. If the tenant was deleted after the backup, delete it again; if not, restore its database, then pulumi up --refresh.`,
    );
  const [refusal] = found.refusals.values();
  if (refusal) return is("another's", refusal);
  const missing = its.flatMap(({ instance, container, volume }) => [
    ...(found.containers.some(({ name }) => name === container) ? [] : ["its container"]),
    ...(found.volumes.includes(volume) ? [] : ["the volume with its files"]),
    ...(!seesRoutes || found.routes.includes(instance) ? [] : ["its route"]),
  ]);
  if (!record.resources) missing.push("its stack in Pulumi's state");
  if (missing.length > 0)
    return is(
      "incomplete",
      `Missing: ${missing.join(", ")}. See pulumi preview --refresh; pulumi up --refresh makes it again, but for files.`,
    );
  const stopped = found.containers.filter(({ running }) => !running);
  if (stopped.length > 0)
    return is(
      "incomplete",
      `Its container does not run: docker start ${stopped.map(({ name }) => name).join(" ")}`,
    );
  return is("as recorded");
}

function inWords({ databases, containers, volumes, routes }: Found): string {
  const parts = [
    ...(databases.length > 0 ? ["a database"] : []),
    ...(containers.length > 0 ? ["a container"] : []),
    ...(volumes.length > 0 ? ["files"] : []),
    ...(routes.length > 0 ? ["a route"] : []),
  ];
  return parts.join(", ") || "nothing";
}
