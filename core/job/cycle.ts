/**
 * A circle among what depends on what, in order and with its first node again at the end; null where there is none.
 * Takes no stack of its own size: a chain may be as long as a bulk submission.
 */
export function findCycle<Node>(edges: ReadonlyMap<Node, readonly Node[]>): readonly Node[] | null {
  const done = new Set<Node>();
  for (const start of edges.keys()) {
    const path: { readonly node: Node; next: number }[] = [];
    const onPath = new Set<Node>();
    const enter = (node: Node) => {
      path.push({ node, next: 0 });
      onPath.add(node);
    };
    if (!done.has(start)) enter(start);
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const target = edges.get(top.node)?.[top.next];
      top.next += 1;
      if (target === undefined) {
        path.pop();
        onPath.delete(top.node);
        done.add(top.node);
      } else if (onPath.has(target)) {
        const nodes = path.map(({ node }) => node);
        return [...nodes.slice(nodes.indexOf(target)), target];
      } else if (!done.has(target)) enter(target);
    }
  }
  return null;
}
