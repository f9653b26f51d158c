import { importsPicture } from "./pictures/imports.ts";
import { partsPicture } from "./pictures/parts.ts";
import { operationPicture, stackPicture } from "./pictures/statuses.ts";

const pictures: Record<string, () => string | Promise<string>> = {
  parts: partsPicture,
  imports: importsPicture,
  operation: operationPicture,
  stack: stackPicture,
};

/** A picture's place in the page: two comments, and between them whatever was drawn last. */
const place = /<!-- picture: (\w+) -->\n.*?<!-- end of picture -->/gs;

/** The page with its pictures drawn anew; its text is left as it is. Throws for a picture that is not known or has no place. */
export async function withPictures(page: string): Promise<string> {
  const drawn = new Map<string, string>();
  for (const [, name = ""] of page.matchAll(place)) {
    const draw = pictures[name];
    if (!draw) throw new Error(`docs/architecture.md asks for a picture "${name}", which nobody draws.`);
    drawn.set(name, await draw());
  }
  for (const name of Object.keys(pictures))
    if (!drawn.has(name)) throw new Error(`docs/architecture.md has no place for the picture "${name}".`);
  return page.replace(
    place,
    (_, name: string) =>
      `<!-- picture: ${name} -->\n\`\`\`mermaid\n${drawn.get(name)}\n\`\`\`\n<!-- end of picture -->`,
  );
}
