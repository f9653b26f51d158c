import type { Api } from "./api.ts";

/** All items of a list, page by page. @param query which of them */
export async function everyItem<T>(api: Api, path: string, query?: URLSearchParams): Promise<T[]> {
  const items: T[] = [];
  const asked = new URLSearchParams(query);
  asked.set("limit", "100");
  for (;;) {
    const page: { items: T[]; nextCursor?: string | null } = await api("GET", `${path}?${asked}`);
    items.push(...page.items);
    if (!page.nextCursor) return items;
    asked.set("cursor", page.nextCursor);
  }
}
