import { verifyDatabase } from "../../components/provider/verify-database.ts";
import { names } from "../../stacks/tenant/names.ts";
import type { StackRecord } from "../instance/read-stack.ts";
import { dataPaths } from "../paths.ts";
import type { Deps } from "./deps.ts";
import { BrokenOff } from "./outlast.ts";

/**
 * Says why a tenant that was once ready must not be started: a database of it is missing, or not its own. For work that
 * does not run the program, which refuses the same. Throws BrokenOff when PostgreSQL could not be asked.
 */
export async function refusal(deps: Deps, stack: StackRecord): Promise<string | undefined> {
  const server = { url: deps.tenantsServer.url, passFile: dataPaths(deps.settings.dataDir).pgpass };
  const known = stack.instances.flatMap(({ name, identity }) => {
    const { database } = names(stack.tenantId, name, deps.settings.env);
    return identity ? [{ database, identity }] : [];
  });
  const answers = await Promise.all(known.map((one) => verifyDatabase(server, one)));
  const refused = answers.find(({ refusal }) => refusal !== undefined);
  if (refused?.isUnchecked) throw new BrokenOff("PostgreSQL", new Error(refused.refusal));
  return refused?.refusal;
}
