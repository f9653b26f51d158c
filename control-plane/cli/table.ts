/** Lines of a table for a person, its columns as wide as what is in them. A cell may have lines of its own. */
export function table(head: string[], rows: string[][]): string[] {
  const lines = [head, ...rows].map((row) => row.map((cell) => cell.split("\n")));
  const widths = head.map((_, column) =>
    Math.max(...lines.flatMap((row) => row[column] ?? []).map((text) => text.length)),
  );
  return lines.flatMap((row) => {
    const height = Math.max(...row.map((cell) => cell.length));
    return Array.from({ length: height }, (_, n) =>
      row
        .map((cell, column) => (cell[n] ?? "").padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  });
}
