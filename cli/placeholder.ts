import { type Say, words } from "#cli/words.ts";

/** What stands for the reader's own words in a line of use: `JOB[_INDEX]`, 「作业[_下标]」. */
export function placeholders(text: string, say: Say): string {
  return text.replace(/[A-Z]{2,}/g, (word) => {
    const key = `place_${word}`;
    return isPlace(key) ? say(key) : word;
  });
}

type Place = Extract<keyof typeof words, `place_${string}`>;

function isPlace(key: string): key is Place {
  return Object.hasOwn(words, key);
}
