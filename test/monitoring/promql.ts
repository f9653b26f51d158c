import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

const comparisons = ["Eql", "Neq", "Gtr", "Gte", "Lss", "Lte"];

function parse(query: string): SyntaxNode {
  const tree = parser.parse(query);
  tree.iterate({
    enter: (node) => {
      if (node.type.isError)
        throw new Error(
          `This is no PromQL, at ${node.from}: ${query.slice(0, node.from)}<here>${query.slice(node.from)}`,
        );
    },
  });
  return tree.topNode;
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  return children;
}

/** What a query reads: every selector in it, alone. Throws when it is no PromQL. */
export function selectorsOf(query: string): string[] {
  const found = new Set<string>();
  const look = (node: SyntaxNode): void => {
    if (node.name === "VectorSelector") found.add(query.slice(node.from, node.to));
    else childrenOf(node).forEach(look);
  };
  look(parse(query));
  return [...found];
}

/**
 * An alert's expression without what makes it quiet: comparisons, `and`, `unless` and `absent`. What is left must give
 * something while all is well; an alert whose sides never meet is found by that.
 */
export function withoutConditions(query: string): string {
  const rewrite = (node: SyntaxNode): string => {
    const children = childrenOf(node);
    const names = children.map(({ name }) => name);
    const [first] = children;
    if (node.name === "BinaryExpr" && first) {
      const isComparison =
        names.some((name) => comparisons.includes(name)) && !names.includes("BoolModifier");
      if (isComparison || names.includes("And") || names.includes("Unless")) return rewrite(first);
    }
    if (node.name === "FunctionCall" && first?.firstChild?.name === "Absent") {
      const [argument] = children.filter(({ name }) => name === "FunctionCallBody").flatMap(childrenOf);
      if (argument) return rewrite(argument);
    }
    let text = "";
    let at = node.from;
    for (const child of children) {
      text += query.slice(at, child.from) + rewrite(child);
      at = child.to;
    }
    return text + query.slice(at, node.to);
  };
  return rewrite(parse(query));
}
