/** How wide texts are on a terminal, Chinese and emoji included. string-width is loaded only where a text needs it. */
export type Widths = (text: string) => number;

export async function widthsFor(texts: Iterable<string>): Promise<Widths> {
  for (const text of texts) {
    if (!/^[ -~]*$/.test(text)) {
      const { default: stringWidth } = await import("string-width");
      return (word) => stringWidth(word);
    }
  }
  return (text) => text.length;
}

/** The longest beginning that is at most so wide, with an ellipsis where something is left out. */
export function cut(text: string, most: number, widths: Widths): string {
  if (widths(text) <= most) return text;
  let kept = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (widths(kept + segment) > most - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
