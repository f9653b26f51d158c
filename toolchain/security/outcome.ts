/** What one part of the scan came to. */
export interface Outcome {
  /** What was looked at, in a few words. */
  looked: string;
  /** Sentences about what was found. */
  found: Found[];
  /** What could not be looked at, and why: of that nothing is known. */
  unseen: string[];
}

export interface Found {
  /** Stands for this and nothing else, by which it may be accepted: `GO-2026-5083 traefik`. */
  id: string;
  sentence: string;
}

export interface Tree {
  /** Folder that is scanned. */
  root: string;
  cacheDir: string;
  env: Record<string, string | undefined>;
}

/** One way to look. */
export interface Part {
  name: string;
  scan(tree: Tree): Promise<Outcome>;
}
