import type { Use } from "../store/obtain.ts";

/** Where official artefacts are downloaded from, and how patient to be. */
export interface Sources {
  use: Use;
  /** Folder with `pulumi-v<version>-linux-<arch>.tar.gz`. */
  pulumiReleases: string;
  /** Folder with `v<version>/pulumi-<version>-checksums.txt`. */
  pulumiChecksums: string;
  /** Folder with `pulumi-resource-<name>-v<version>-linux-<arch>.tar.gz`. */
  plugins: string;
  /** Put before the names of official images, for example `127.0.0.1:5000/`. */
  registry: string;
  /** Milliseconds within which a server must have answered. */
  answerWithinMs: number;
  /** Milliseconds without a byte after which a download is given up. */
  stallMs: number;
  /** Debian's archive; without it the one in the machine's apt configuration. */
  debianMirror?: string;
}

export const vendorSources: Sources = {
  use: "auto",
  pulumiReleases: "https://get.pulumi.com/releases/sdk",
  pulumiChecksums: "https://github.com/pulumi/pulumi/releases/download",
  plugins: "https://get.pulumi.com/releases/plugins",
  registry: "",
  answerWithinMs: 5_000,
  stallMs: 30_000,
};
