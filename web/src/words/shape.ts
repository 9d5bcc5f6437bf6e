/** The same keys as the English words, any text: what a Chinese message file has to be. */
export type Words<English> = {
  readonly [Key in keyof English as NotEnglishOnly<Key>]: English[Key] extends string ? string : Words<English[Key]>;
};

/** Chinese has one plural form; `…_one` exists in English alone. */
type NotEnglishOnly<Key> = Key extends `${string}_one` ? never : Key;
