import { ToolchainError } from "../errors.ts";
import { run } from "../run.ts";

/** Debian's archive as this machine's apt uses it: address and the options needed to reach it. */
export interface Mirror {
  url: string;
  /** Proxy lines of apt's configuration, `Acquire::http::Proxy "..."`. */
  options: string[];
}

/** Finds the archive's address in the machine's own apt configuration. */
export async function findMirror(given: string | undefined): Promise<Mirror> {
  const dump = await run("apt-config", ["dump"]);
  const options = dump
    .filter((line) => /^Acquire::(https?|ftp)::Proxy/i.test(line))
    .map((line) => line.trim());
  if (given !== undefined) return { url: given, options };
  const targets = await run("apt-get", ["indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(LABEL)"]);
  const main = targets.map((line) => line.split("|")).find(([, release, label]) => isMain(release, label));
  if (main?.[0] === undefined) {
    throw new ToolchainError(
      "No Debian archive is named in this machine's apt sources, and images cannot be built without one. " +
        "Name one in BERTH_DEBIAN_MIRROR, or make the official images reachable.",
    );
  }
  return { url: main[0].replace(/\/$/, ""), options };
}

/** Labels are known once apt-get update has run; before that the suite's name has to do. */
function isMain(release: string | undefined, label: string | undefined): boolean {
  if (label !== undefined && label !== "") return label === "Debian";
  return release !== undefined && !release.includes("-security") && !release.includes("/");
}
