import { join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { ToolchainError } from "../errors.ts";
import { folderContent } from "../store/key.ts";

export const serviceImages = ["user", "tenant", "instance"] as const;
export type ServiceImage = (typeof serviceImages)[number];

/** What one service is made of. */
export interface Parts {
  /** Files of the project, by their path in it. */
  files: string[];
  /** npm packages that these import, by name. */
  packages: string[];
}

const entry = (service: ServiceImage) => `control-plane/image/${service}.ts`;
/** What an image runs besides, started by its path. */
const alsoRun = "control-plane/image/health.ts";

/** Folders of what is read, not imported, and by whom. */
const readBy: Partial<Record<ServiceImage, string[]>> = { user: ["control-plane/user/pages"] };

/** Follows the imports of every service, and gives what each reaches: nothing else gets into its image. */
export async function partsOfServices(project: string): Promise<Record<ServiceImage, Parts>> {
  const entries = [...serviceImages.map(entry), alsoRun];
  const { output } = await cruise(entries, {
    baseDir: project,
    doNotFollow: { path: "node_modules" },
    // What is imported for its types only is not there when it runs.
    tsPreCompilationDeps: false,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default"] },
  });
  const graph = new Map((output as ICruiseResult).modules.map((module) => [module.source, module]));
  const partsOf = (service: ServiceImage): Parts => {
    const files = new Set<string>(["package.json"]);
    const packages = new Set<string>();
    const follow = (file: string) => {
      const module = graph.get(file);
      if (!module) throw new ToolchainError(`${file} is imported and not there.`);
      if (module.coreModule || files.has(file)) return;
      const name = packageOf(file);
      if (name) return void packages.add(name);
      if (module.couldNotResolve) throw new ToolchainError(`${file} is imported and cannot be found.`);
      files.add(file);
      for (const { resolved } of module.dependencies) follow(resolved);
    };
    for (const file of [entry(service), alsoRun]) follow(file);
    for (const folder of readBy[service] ?? [])
      for (const [name] of folderContent(join(project, folder))) files.add(join(folder, name));
    return { files: [...files].toSorted(), packages: [...packages].toSorted() };
  };
  return { user: partsOf("user"), tenant: partsOf("tenant"), instance: partsOf("instance") };
}

/** `@hono/zod-openapi` of `node_modules/@hono/zod-openapi/dist/index.js`. */
function packageOf(file: string): string | undefined {
  return /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}
