import { broughtUpFile, foreignServers, readBroughtUp } from "./platform/brought-up.ts";
import type { Settings } from "./settings.ts";

/** Names that nobody gives to what may be thrown away. */
const seriousName = /^(prod|live)/;

/**
 * Why an environment is not one of development, in which everything may be thrown away; undefined when it is. One that others can
 * reach by a name has a domain of its own, and one whose databases are elsewhere does not own what is on that server. What this
 * shell's variables say is not enough: it counts as well what the environment was ever brought up with, and what cannot be known.
 */
export async function whyNotDevelopment(settings: Settings): Promise<string | undefined> {
  const { env, domain, dataDir } = settings;
  if (!isOfDevelopment(domain)) return `its domain is ${domain} (BERTH_DOMAIN). ${onlyThese}`;
  const [server] = foreignServers(settings);
  if (server) return `its databases are on a server of your own (${server})`;
  if (seriousName.test(env)) return "its name is one of an environment that others use";
  const note = await readBroughtUp(dataDir);
  const file = broughtUpFile(dataDir);
  if (note === undefined)
    return `with which domain it was brought up is not noted in ${file}: an earlier version did that, or the file was removed. With the variables that it has always had, bin/berth up notes it`;
  if ("unreadable" in note)
    return `with which domain it was brought up is in ${file}, which cannot be read (${note.unreadable}). If it is to go all the same: bin/berth platform down --purge`;
  if (note.env !== env) return `${dataDir} holds the data of the environment "${note.env}" (BERTH_DATA_DIR)`;
  const once = note.domains.find((one) => !isOfDevelopment(one));
  if (once) return `it was brought up with the domain ${once}, as ${file} tells. ${onlyThese}`;
  const [elsewhere] = note.servers;
  if (elsewhere)
    return `it was brought up with databases on a server of your own (${elsewhere}), as ${file} tells`;
  return undefined;
}

const onlyThese = "Only localhost, or a name that ends in .localhost, is development";

/** Whether a host name leads nowhere but to the machine that asks. */
function isOfDevelopment(host: string): boolean {
  return /(^|\.)localhost$/i.test(host);
}
