/** All items of a list, page after page, or the first `most` of them. */
export async function everyPage<Page extends { readonly next: string | null }, Item>(
  read: (cursor: { readonly cursor?: string }) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
  most: number | null = null,
): Promise<Item[]> {
  const items: Item[] = [];
  let next: string | null = null;
  do {
    const page: Page = await read(next === null ? {} : { cursor: next });
    items.push(...itemsOf(page));
    next = page.next;
  } while (next !== null && (most === null || items.length < most));
  return most === null ? items : items.slice(0, most);
}
