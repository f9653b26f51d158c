import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { withPictures } from "../../../control-plane/docs/architecture-page.ts";
import { pages } from "../../../control-plane/docs/pages.ts";
import { sourceComments } from "../../../control-plane/docs/source-comments.ts";
import { projectRoot } from "../../../control-plane/paths.ts";
import { portVariables } from "../../../control-plane/ports.ts";
import { secretVariables } from "../../../control-plane/settings.ts";

const read = (name: string) => readFile(join(projectRoot, "docs", name), "utf8");

describe("pages that are made of the code", () => {
  for (const [name, page] of Object.entries(pages))
    it(`docs/${name} is as the code says`, { timeout: 60_000 }, async () => {
      const now = await read(name);
      expect(await page(now), "run: npm run docs").toBe(now);
    });

  it("tell of every port and every secret", async () => {
    const settings = await read("reference/settings.md");
    for (const name of [...portVariables, ...secretVariables]) expect(settings).toContain(`| \`${name}\` | `);
  });

  it("tell of every operation what it takes and who may call it", async () => {
    const api = await read("reference/api.md");
    expect(api).toContain("| `POST /tenant/v1/tenants` | Create a tenant. ");
    const line = api.split("\n").find((one) => one.includes("`POST /tenant/v1/tenants`"));
    expect(line).toContain("developer, no key of one tenant; staff");
    expect(line).toContain("`Idempotency-Key?`; body: ");
  });
});

describe("what makes them", () => {
  it("reads doc comments where they are written, and sees which are missing", async () => {
    const file = join(tmpdir(), `berth-comments-${process.pid}.ts`);
    await writeFile(
      file,
      `const other = z.object({ /** Not this. */ X: a });
       export const variables = z.object({
         /** Said
          *  in two lines. */
         A: z.string().default(() => "x"),
         // Not a doc comment.
         B: z.string(),
       }).refine(() => true);`,
    );
    onTestFinished(() => rm(file));
    expect(await sourceComments(file)).toEqual({
      A: { text: "Said in two lines.", madeDefault: true },
      B: { text: "", madeDefault: false },
    });
  });

  it("refuses a picture that nobody draws, and a page without one of them", async () => {
    await expect(withPictures("<!-- picture: cat -->\n<!-- end of picture -->")).rejects.toThrow('"cat"');
    await expect(withPictures("<!-- picture: stack -->\n<!-- end of picture -->")).rejects.toThrow(
      "no place for",
    );
  });

  it("draws anew what was changed by hand, and leaves the words", async () => {
    const now = await read("architecture.md");
    expect(await withPictures(now.replace("[*] --> queued", "[*] --> nowhere"))).toBe(now);
  });
});
