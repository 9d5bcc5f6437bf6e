/** A name and, where it says more, what it is shown as. */
export function both(name: string, title: string): string {
  return title && title !== name ? `${name} · ${title}` : name;
}
