import type { Api } from "./api.ts";

/** All items of a list, page by page. */
export async function everyItem<T>(api: Api, path: string): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const query: string = cursor ? `?limit=100&cursor=${encodeURIComponent(cursor)}` : "?limit=100";
    const page: { items: T[]; nextCursor?: string | null } = await api("GET", `${path}${query}`);
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  return items;
}
