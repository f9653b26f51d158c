/** What the record says of a tenant. */
export interface Recorded {
  id: string;
  slug: string | null;
  /** Of the stack, as the instance service has it. */
  status: string;
  readyAt: string | null;
  instances: Array<{ name: string; identity: string | null }>;
  /** Resources in the state of its stack; undefined where there is no such stack. */
  resources: number | undefined;
}

/** What there is of a tenant outside the record. */
export interface Found {
  id: string;
  /** Whose database says that people could log in, and since when. */
  mark: { slug: string | null; readyAt: string } | undefined;
  databases: string[];
  containers: Array<{ name: string; running: boolean }>;
  volumes: string[];
  /** Instances that Traefik leads to. */
  routes: string[];
  /** By database: why it is not the one that the record knows. */
  refusals: Map<string, string>;
}

export interface Facts {
  recorded: Recorded[];
  found: Map<string, Found>;
  /** Why it was not seen where Traefik leads, in a sentence; then nothing is said of routes. */
  routesUnknown?: string;
}

export function nothingOf(id: string): Found {
  return { id, mark: undefined, databases: [], containers: [], volumes: [], routes: [], refusals: new Map() };
}
