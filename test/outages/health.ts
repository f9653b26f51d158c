import { serviceUrl } from "../../control-plane/cli/api.ts";
import { type ServiceName, serviceNames } from "../../control-plane/service-names.ts";
import type { Settings } from "../../control-plane/settings.ts";
import { until } from "../../control-plane/until.ts";
import { type PartName, processNames } from "./parts.ts";

interface Health {
  status: string;
  checks: Record<string, { status: string; detail?: string }>;
}

/** How each part is called where it is checked. */
const checkOf = (part: PartName) => (part === "postgres" ? "database" : part);
/** How the sentence about it names it. */
const sentenceOf: Record<PartName, RegExp> = {
  user: /^The user service does not answer\b/,
  tenant: /^The tenant service does not answer\b/,
  instance: /^The instance service does not answer\b/,
  provisioner: /^No provisioner takes work\b/,
  postgres: /^(PostgreSQL does not answer|It has not answered)\b/,
  redis: /^It (does not answer|has not answered)\b/,
};
/** Seconds in which a service says how it is, whatever is away. */
const patience = 5;

/** Redis is the user service's: the others count by it, and count without it. */
const whoSays = (part: PartName): ServiceName[] =>
  part === "redis" ? ["user"] : serviceNames.filter((name) => name !== part);

/** Asks services how they are. Gives what they say, `undefined` for one that does not answer in time. */
async function ask(
  settings: Settings,
  asked: readonly ServiceName[],
): Promise<Array<[ServiceName, Health | undefined]>> {
  return Promise.all(
    asked.map(async (name): Promise<[ServiceName, Health | undefined]> => {
      const answer = await fetch(`${serviceUrl(settings, name)}/health`, {
        signal: AbortSignal.timeout(patience * 1000),
      }).catch(() => undefined);
      return [name, answer?.ok ? ((await answer.json()) as Health) : undefined];
    }),
  );
}

/** Waits until every other service says of itself that it is degraded, and names the part. Gives what each said. */
export async function untilAllSaySo(
  settings: Settings,
  part: PartName,
): Promise<{ said: string; silent: string[] }> {
  let last: Awaited<ReturnType<typeof ask>> = [];
  const says = (health: Health | undefined) => {
    const { status, detail } = health?.checks[checkOf(part)] ?? {};
    return health?.status === "degraded" && status === "away" && sentenceOf[part].test(detail ?? "");
  };
  const all = async () => {
    last = await ask(settings, whoSays(part));
    return last.every(([, health]) => says(health));
  };
  const silent = await until(all, { what: "all to say so", deadlineMs: 12_000, everyMs: 100 }).then(
    () => [] as string[],
    () =>
      last.flatMap(([name, health]) =>
        says(health)
          ? []
          : [`/health of ${name} does not say that ${part} is away: ${JSON.stringify(health)}`],
      ),
  );
  const names = last.flatMap(([name, health]) => (says(health) ? [name] : []));
  // What is there is not called away because something else is.
  for (const [name, health] of last)
    for (const other of processNames)
      if (other !== part && part !== "postgres" && health?.checks[other]?.status === "away")
        silent.push(`/health of ${name} says that ${other} is away, but it is ${part}`);
  return { said: `${checkOf(part)} away: ${names.join(", ") || "nobody"}`, silent };
}

/** Waits until every service says that all is well. Gives what is not. */
export async function untilAllAreWell(settings: Settings): Promise<string[]> {
  let last: Awaited<ReturnType<typeof ask>> = [];
  const all = async () => {
    last = await ask(settings, serviceNames);
    return last.every(([, health]) => health?.status === "ok");
  };
  return until(all, { what: "all to be well", deadlineMs: 30_000, everyMs: 100 }).then(
    () => [],
    () => [`not well afterwards: ${JSON.stringify(Object.fromEntries(last))}`],
  );
}
