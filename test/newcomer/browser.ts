import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";
import { projectRoot } from "../../control-plane/paths.ts";

/** A real browser without a window. It asks nobody but the pages it is sent to. */
export async function openBrowser(): Promise<Browser> {
  const { stdout } = await promisify(execFile)(join(projectRoot, "toolchain/browser/install.sh"));
  return chromium.launch({
    executablePath: stdout.trim(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
