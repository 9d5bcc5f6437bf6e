/** What is right, noteworthy or wrong at this centre before a run is sent there; the words say what to do. */
export type Finding = { readonly name: string; readonly verdict: "good" | "note" | "wrong"; readonly words: string };
