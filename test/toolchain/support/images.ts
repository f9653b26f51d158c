import { execFileSync } from "node:child_process";
import { onTestFinished } from "vitest";
import { localEngine } from "../../../toolchain/setup.ts";

/** The engine that tests use: the machine's. */
export const engine = localEngine;

/** Removes every image whose name begins so, when the test is over. */
export function removeImagesAfter(...prefixes: string[]): void {
  onTestFinished(() => {
    const names = execFileSync(
      "docker",
      ["image", "ls", "--digests", "--format", "{{.Repository}} {{.Tag}} {{.Digest}}"],
      {
        encoding: "utf8",
      },
    );
    for (const [repo = "", tag, digest] of names.split("\n").map((line) => line.split(" "))) {
      // An image that was pulled by its digest has no tag.
      const name = tag === "<none>" ? `${repo}@${digest}` : `${repo}:${tag}`;
      if (prefixes.some((prefix) => name.startsWith(prefix))) {
        execFileSync("docker", ["image", "rm", "--force", name]);
      }
    }
  });
}

/** What a container of this image prints. */
export function runImage(ref: string, ...args: string[]): string {
  return execFileSync("docker", ["run", "--rm", "--network", "none", ref, ...args], { encoding: "utf8" });
}
