/** Bundlers and Node disagree on what the default of a CommonJS package's ES build is. */
export function defaultOf<Of extends object>(loaded: Of | { readonly default: Of }): Of {
  return "default" in loaded ? loaded.default : loaded;
}
