import { readFile } from "node:fs/promises";
import ts from "typescript";

/** What the source says of a setting, beside what its schema knows. */
interface SourceComment {
  /** Its doc comment, on one line. */
  text: string;
  /** Its default is made where it runs. */
  madeDefault: boolean;
}

/**
 * The doc comments of the settings in a file: of each property of what the constant `variables` is made of. Comments are
 * where programmers read them, and not told a second time for the docs.
 */
export async function sourceComments(file: string): Promise<Record<string, SourceComment>> {
  const source = ts.createSourceFile(file, await readFile(file, "utf8"), ts.ScriptTarget.ESNext, true);
  const found: Record<string, SourceComment> = {};
  const settings = source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations])
    .find(({ name }) => name.getText() === "variables");
  for (const property of (settings && firstObject(settings))?.properties ?? []) {
    if (!ts.isPropertyAssignment(property)) continue;
    const comments = ts.getJSDocCommentsAndTags(property).filter(ts.isJSDoc);
    const text = comments.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "").join(" ");
    found[property.name.getText()] = {
      text: text.replace(/\s+/g, " ").trim(),
      madeDefault: /\.default\(\s*\(\) =>/.test(property.initializer.getText()),
    };
  }
  return found;
}

function firstObject(node: ts.Node): ts.ObjectLiteralExpression | undefined {
  if (ts.isObjectLiteralExpression(node)) return node;
  return ts.forEachChild(node, firstObject);
}
