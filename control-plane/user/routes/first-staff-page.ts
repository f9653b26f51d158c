import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ServiceApp } from "../../http/service.ts";

const file = (ending: string) => new URL(`../pages/first-staff.${ending}`, import.meta.url);

/**
 * Serves the page at which the first staff account is made. It is one file, and a browser runs and loads nothing else for
 * it. The code is in the link behind the #, which browsers keep to themselves.
 */
export function addFirstStaffPage(app: ServiceApp): void {
  let page: ReturnType<typeof readPage> | undefined;
  app.get("/user/first-staff", async (c) => {
    page ??= readPage();
    const { html, policy } = await page;
    return c.html(html, 200, { "content-security-policy": policy });
  });
}

async function readPage(): Promise<{ html: string; policy: string }> {
  const [html, style, script] = await Promise.all(
    ["html", "css", "js"].map((ending) => readFile(file(ending), "utf8")),
  );
  const hash = (text = "") => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return {
    html: (html ?? "")
      .replace("<style></style>", () => `<style>${style}</style>`)
      .replace("<script></script>", () => `<script>${script}</script>`),
    policy: [
      "default-src 'none'",
      `style-src ${hash(style)}`,
      `script-src ${hash(script)}`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
  };
}
