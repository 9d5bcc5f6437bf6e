/** The name that is fewest edits away, if that is close enough to be meant; what begins with the typed counts as near. */
export function nearestName(typed: string, names: readonly string[]): string | null {
  const name = typed.slice(0, 40);
  if (name.length < 2) return null;
  let best: { readonly name: string; readonly edits: number } | null = null;
  for (const one of names) {
    const edits = one.startsWith(name) ? 1 : editDistance(name, one);
    if (edits <= Math.max(1, Math.floor(name.length / 3)) && (!best || edits < best.edits)) best = { name: one, edits };
  }
  return best?.name ?? null;
}

/** Insertions, deletions, changes and swaps of neighbours (Damerau, restricted). */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let edits = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) edits = Math.min(edits, (before[column - 2] ?? 0) + 1);
      current.push(edits);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
