import { type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../paths.ts";
import { codeFolders, isCode } from "./code.ts";

/** An editor writes a file in several steps, and a change of branch many files. */
const quietMs = 300;

/**
 * Calls `onChange` when the program on disk has changed and has then been left alone for a moment, until closed.
 * Throws when the system has no watches left.
 */
export function watchCode(
  onChange: () => void,
  onError: (error: Error) => void,
  root = projectRoot,
): { close(): void } {
  let quiet: NodeJS.Timeout | undefined;
  const watchers: FSWatcher[] = [];
  const close = () => {
    clearTimeout(quiet);
    for (const watcher of watchers) watcher.close();
  };
  try {
    for (const folder of codeFolders) {
      const watcher = watch(join(root, folder), { recursive: true }, (_event, name) => {
        if (name !== null && !isCode(name)) return;
        clearTimeout(quiet);
        quiet = setTimeout(onChange, quietMs);
      });
      watcher.on("error", onError);
      watchers.push(watcher);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { close };
}
