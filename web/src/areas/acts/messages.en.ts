import { actGroupWords } from "#core/act.ts";
import { titles } from "../../words/of-core.ts";

export const en = {
  title: "What was done",
  note: "Who changed what about people, grants, rules and centres, and when. It is noted with the change itself and never altered.",
  forAdministratorsWords: "What became of a job stands in the job's own history.",
  group: titles(actGroupWords),
  filters: "Filters",
  anyGroup: "Anything",
  anybody: "By anybody",
  about: "About {{kind}} {{name}}",
  from: "From",
  until: "to",
  before: "Before",
  clear: "Clear filters",
  when: "When",
  who: "By",
  what: "What",
  whom: "To whom or what",
  kind: { person: "person", tenant: "tenant", project: "project", centre: "centre", job: "job" },
  network: "the whole network",
  itself: "the network itself",
  none: { title: "Nothing was done yet", words: "Whatever administrators change from now on stands here." },
  noMatch: { title: "Nothing fits these filters", words: "Take one away." },
} as const;
