import GithubSlugger from "github-slugger";
import type { Nodes } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { toString as textOf } from "mdast-util-to-string";
import { gfm } from "micromark-extension-gfm";

interface Code {
  text: string;
  line: number;
  /** In a block of its own, and not in the middle of a sentence. */
  isBlock: boolean;
}

/** What a page of Markdown has that can be wrong. */
export interface Page {
  /** Where a link to a part of it may lead: what GitHub makes of its headings. */
  anchors: Set<string>;
  links: Array<{ url: string; line: number }>;
  code: Code[];
}

export function readPage(text: string): Page {
  const page: Page = { anchors: new Set(), links: [], code: [] };
  const slugger = new GithubSlugger();
  const look = (node: Nodes): void => {
    const line = node.position?.start.line ?? 0;
    if (node.type === "heading") page.anchors.add(slugger.slug(textOf(node)));
    if (node.type === "link" || node.type === "image" || node.type === "definition")
      page.links.push({ url: node.url, line });
    if (node.type === "inlineCode") page.code.push({ text: node.value, line, isBlock: false });
    if (node.type === "code" && node.lang !== "mermaid")
      page.code.push({ text: node.value, line, isBlock: true });
    if ("children" in node) node.children.forEach(look);
  };
  look(fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
  return page;
}
