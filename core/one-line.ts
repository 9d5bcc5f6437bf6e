/**
 * What keeps a text from being a name, by its code as `U+000A`; null: nothing. Control characters steer terminals and break
 * tables and logs, the separators of lines and paragraphs are further line feeds, and the marks of direction make a name
 * read as another.
 */
export function controlIn(text: string): string | null {
  const [found] = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.exec(text) ?? [];
  return found === undefined ? null : `U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** What of a text that a job or its user made up a request and PostgreSQL can carry: no NUL, well-formed, at most so long. */
export function carriable(text: string, most: number): string {
  return text.replaceAll("\0", "␀").slice(0, most).toWellFormed();
}
