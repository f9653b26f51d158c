import type { Access } from "../access/access.ts";
import type { Operation } from "../access/table.ts";
import { accessExtension, limitsExtension } from "../http/route.ts";

/** The part of an OpenAPI document that says which operations there are. */
export interface OpenApiDocument {
  paths: Record<
    string,
    Record<string, { summary?: string; [accessExtension]?: Access; [limitsExtension]?: string[] }>
  >;
}

/** The operations of a service, without those that are open in every service: health and reference. */
export function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(() => !/\/health(\/|$)/.test(path))
      .map(([method, { summary = "", [accessExtension]: access, [limitsExtension]: limits = [] }]) => {
        if (!access) throw new Error(`${method} ${path} does not say who may call it.`);
        return { method, path, summary, access, limits };
      }),
  );
}
