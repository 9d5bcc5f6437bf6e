/** Ends every exhaustive `switch`: the compiler refuses it where a case is missing, and it throws where data lied. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** A claim about our own code that must hold; it stays on in production. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${claim}`);
}
