import { spawn } from "node:child_process";
import { once } from "node:events";
import { readSecret } from "../login.ts";
import { containerOf, findPart, type PartName, partNames, partOf } from "../part-names.ts";
import { dataPaths } from "../paths.ts";
import { containers } from "../platform/docker.ts";
import { CommandError, createRun } from "../platform/run.ts";
import { ownLogins } from "../service-variables.ts";
import { type Settings, withoutSecrets } from "../settings.ts";
import type { CommandLine } from "./command-line.ts";
import { mustHaveDatabase } from "./must-have-database.ts";
import { notThere } from "./restart.ts";

type Args = CommandLine & { settings: Settings };

interface Client {
  command: string;
  args: string[];
  /** With secrets, for this process and what it starts: they are no arguments. */
  env?: Record<string, string>;
}

/**
 * Opens the client that fits a part: psql for PostgreSQL and the services, redis-cli for Redis, a shell in other containers.
 * @returns its exit code
 */
export async function shell(args: Args, name: string | undefined): Promise<number> {
  const part = findPart("open a shell in", name, partNames);
  const isContainer = partOf(part).runs === "container";
  const { command, args: rest, env } = await (isContainer ? inContainer : ofService)(args, part);
  // ctrl-C is for the client, which ends a query by it.
  const stay = () => undefined;
  process.on("SIGINT", stay);
  const child = spawn(command, rest, { stdio: "inherit", env: { ...withoutSecrets(args.env), ...env } });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return code ?? 1;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(`The program "${command}" is not installed. bin/setup installs it.`, { cause: error });
  } finally {
    process.off("SIGINT", stay);
  }
}

/** The services' processes have no shell, and nothing around them: what they work on is their database. */
async function ofService(line: Args, part: PartName): Promise<Client> {
  const { settings } = line;
  await mustHaveDatabase(line);
  // The provisioner works on the record of the instance service, by its login.
  const { service = "instance" } = partOf(part);
  const { login, database } = ownLogins[service];
  const server = new URL(settings.platformDatabaseUrl);
  process.stderr.write(
    `${part} is a process${part === "provisioner" ? "" : " that is confined and"} has no shell of its own: this is psql on the database "${database}" as its run-time login ${login}. Its log: bin/berth logs ${part}\n`,
  );
  return {
    command: "psql",
    args: ["--host", server.hostname, "--port", server.port || "5432", "--username", login, database],
    env: { PGPASSFILE: dataPaths(settings.dataDir).pgpass, PGAPPNAME: "berth shell" },
  };
}

async function inContainer({ settings, env }: Args, part: PartName): Promise<Client> {
  const run = createRun(withoutSecrets(env));
  const name = containerOf(settings.env, part);
  const [found] = await containers(run, [name]);
  if (!found) throw new Error(notThere(settings, part));
  if (!found.running)
    throw new Error(`The container ${name} does not run. Start it: bin/berth restart ${part}`);
  const inside = process.stdin.isTTY && process.stdout.isTTY ? ["exec", "-it"] : ["exec", "-i"];
  const { postgresPort, redisPort } = settings;
  if (part === "postgres") {
    // By the socket inside, where the superuser needs no password.
    const psql = ["psql", "--username", "postgres", "--port", `${postgresPort}`, "--dbname", "postgres"];
    return { command: "docker", args: [...inside, "--user", "postgres", name, ...psql] };
  }
  if (part === "redis") {
    return {
      command: "docker",
      args: [...inside, "--env", "REDISCLI_AUTH", name, "redis-cli", "-p", `${redisPort}`],
      env: { REDISCLI_AUTH: await readSecret(dataPaths(settings.dataDir).redisPassword) },
    };
  }
  const hasShell = await run("docker", ["exec", name, "sh", "-c", ":"]).then(
    () => true,
    (error) => {
      if (error instanceof CommandError) return false;
      throw error;
    },
  );
  if (!hasShell)
    throw new Error(
      `The image of "${part}" has no shell. See its log, bin/berth logs ${part}, or what the engine knows: docker inspect ${name}`,
    );
  return { command: "docker", args: [...inside, name, "sh"] };
}
