import assert from "node:assert/strict";
import { test } from "node:test";
import type { Workload } from "#core/scheduling/replay/workload.ts";
import { type Dot, dotRows } from "./charts.ts";
import { textWidth } from "./draw.ts";
import { gapClosed, renderReport } from "./report.ts";
import { fairnessOfPeople, lateness, slowdownShares, usageOverTime, waitByHome, waitBySize } from "./series.ts";
import { madeInput } from "./testing.ts";
import { duration, figures, percent, plain, sayIn } from "./words.ts";

// Goal: what the charts show is what the schedule is, and the page is whole in itself.

/** Jobs as [submit, run, processors, home, start, person]. */
type Row = readonly [submit: number, run: number, processors: number, home: number, start: number, person: number];

function played(rows: readonly Row[], sizes: readonly number[]) {
  const column = (place: number) => Int32Array.from(rows, (row) => row[place] ?? 0);
  const none = { firstSubmitS: 0, dropped: 0, clipped: 0, killed: 0 };
  const workload: Workload = {
    homes: sizes.map((processors, i) => ({ name: `home-${i}`, processors, ...none })),
    count: rows.length,
    submitS: column(0),
    runS: column(1),
    estimateS: column(1),
    processors: column(2),
    home: Uint16Array.from(column(3)),
    person: column(5),
    project: column(5),
    place: Int32Array.from(rows, (_, i) => i),
    number: Int32Array.from(rows, (_, i) => i),
  };
  return { workload, schedule: { startS: column(4), centre: Uint16Array.from(column(3)) } };
}

test("waits by size and by home, with the ranks of the model", () => {
  const { workload, schedule } = played(
    [
      [0, 10, 1, 0, 0, 0],
      [0, 10, 3, 0, 8, 0],
      [0, 10, 4, 1, 4, 0],
      [5, 10, 5, 1, 105, 0],
    ],
    [8, 8],
  );
  assert.deepEqual(waitBySize(workload, schedule), [
    { name: "1", jobs: 1, meanS: 0, medianS: 0, p95S: 0, maxS: 0 },
    { name: "3–4", jobs: 2, meanS: 6, medianS: 8, p95S: 8, maxS: 8 },
    { name: "5–8", jobs: 1, meanS: 100, medianS: 100, p95S: 100, maxS: 100 },
  ]);
  assert.deepEqual(
    waitByHome(workload, schedule).map(({ name, jobs, meanS }) => [name, jobs, meanS]),
    [
      ["home-0", 2, 4],
      ["home-1", 2, 52],
    ],
  );
});

test("usage over time adds up to what ran and waited, also where a job begins or ends inside a span", () => {
  const { workload, schedule } = played(
    [
      [0, 40, 2, 0, 0, 0],
      [0, 25, 4, 1, 35, 0],
      [10, 60, 2, 0, 40, 0],
    ],
    [4, 4],
  );
  const { spanS, used, waiting, byCentre } = usageOverTime(workload, schedule, false, 7);
  const near = (a: number | undefined, b: number): void => assert.ok(Math.abs((a ?? 0) - b) < 1e-9, `${a} ≠ ${b}`);
  near(spanS, 100 / 7);
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0) * spanS;
  near(sum(used), (2 * 40 + 4 * 25 + 2 * 60) / 8);
  near(sum(waiting), (4 * 35 + 2 * 30) / 8);
  near(sum(byCentre[0] ?? new Float64Array()), (2 * 40 + 2 * 60) / 4);
  near(sum(byCentre[1] ?? new Float64Array()), 25);
  near(used[0], 2 / 8);
  assert.deepEqual(usageOverTime(workload, schedule, true, 7).byCentre, []);
});

test("shares of slowdowns, and Jain's index of people", () => {
  const rows = (starts: readonly number[]): readonly Row[] =>
    starts.flatMap((start, person) => Array.from({ length: 5 }, (): Row => [0, 10, 1, 0, start, person]));
  const even = played(rows([10, 10]), [20]);
  assert.equal(fairnessOfPeople(even.workload, even.schedule), 1);
  const uneven = played(rows([0, 20]), [20]);
  // Slowdowns 1 and 3: (1 + 3)² ÷ (2 × (1 + 9)).
  assert.equal(fairnessOfPeople(uneven.workload, uneven.schedule), 0.8);
  const one = played(rows([0]), [20]);
  assert.equal(fairnessOfPeople(one.workload, one.schedule), null);
  assert.deepEqual(slowdownShares(uneven.workload, uneven.schedule, [1, 2, 3, 10]), [0.5, 0.5, 1, 1]);
});

test("who starts later than alone, and by how much", () => {
  const rows = (starts: readonly number[]): readonly Row[] =>
    starts.map((start, i): Row => [0, 10, 1, i % 2, start, 0]);
  const { workload, schedule } = played(rows([5, 0, 100, 7]), [4, 4]);
  const alone = played(rows([0, 10, 100, 6]), [4, 4]).schedule;
  assert.deepEqual(lateness(workload, schedule, alone), [
    { share: 0.5, p99S: 5 },
    { share: 0.5, p99S: 1 },
    { share: 0.5, p99S: 5 },
  ]);
});

test("numbers to read", () => {
  assert.deepEqual(
    [0, 59, 119.4, 600, 7199, 7200, 100_000, 172_800, 8_640_000].map((seconds) => duration(seconds, "en")),
    ["0 s", "59 s", "119 s", "10 min", "120 min", "2 h", "27.8 h", "2 d", "100 d"],
  );
  assert.equal(duration(5400, "zh"), "90 分钟");
  assert.deepEqual([1234.4, 99.44, 1.234, 12].map(figures), ["1,234", "99.4", "1.23", "12"]);
  assert.deepEqual(
    [0, 0.012, 0.5, 1.154].map(percent),
    ["0", "1.2", "50", "115"].map((number) => `${number}\u00a0%`),
  );
  assert.deepEqual([0.5, 1, 2000, 0.30000000000000004].map(plain), ["0.5", "1", "2,000", "0.3"]);
});

for (const homes of [1, 2])
  for (const language of ["en", "zh"] as const)
    test(`the page of ${homes} home(s) in ${language} is one whole file that needs nothing else`, () => {
      const input = madeInput(language, homes);
      const page = renderReport(input);
      assert.equal(renderReport(input), page, "the same input gives the same bytes");
      assert.doesNotMatch(page, /<script|https?:|@import|url\(|<link|src=/);
      assert.doesNotMatch(page, /NaN|Infinity|undefined|\{\w+\}<|>null</);
      assert.doesNotMatch(page, /<b>\d<\/b> &/, "names of traces are text");
      if (language === "zh")
        assert.doesNotMatch(page, /[\u4e00-\u9fff](?:: | 的)|。 /, "Chinese in Chinese punctuation");
      const pictures = page.match(/<svg /g)?.length ?? 0;
      assert.equal(pictures, 2 * (homes === 1 ? 6 : 8), "every chart twice, for wide and narrow pages");
      assert.equal(page.match(/role="img" aria-labelledby="[\w-]+-title [\w-]+-desc"/g)?.length, pictures);
      const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
      assert.equal(new Set(ids).size, ids.length, "ids are unique");
      assert.ok(page.includes(language === "zh" ? "合成数据" : "Synthetic"));
      for (const tag of ["section", "figure", "table", "svg", "tr", "text"])
        assert.equal(
          page.match(new RegExp(`<${tag}[ >]`, "g"))?.length,
          page.match(new RegExp(`</${tag}>`, "g"))?.length,
          tag,
        );
    });

test("the gap closed is measured between the two yardsticks", () => {
  const input = madeInput("en", 2);
  assert.ok(input.homeOnly);
  assert.equal(gapClosed({ ...input, chosen: input.homeOnly }), 0);
  assert.equal(gapClosed({ ...input, chosen: input.merged }), 1);
  assert.equal(gapClosed({ ...input, homeOnly: null }), null);
});

test("one job, one processor and one day are said as one, and the lines of a short time have hours", () => {
  const page = renderReport(madeInput("en", 1, 1, 1));
  assert.match(page, /<p>1 job on 1 processor, 1 day\. Run times as requested\.<\/p>/);
  assert.match(page, /The longest bar is 1 processor with 0 s\./);
  const chinese = renderReport(madeInput("zh", 1, 1, 1));
  assert.match(chinese, /<p>1 个作业，1 个处理器，1 天。运行时间按申请值。<\/p>/);
  for (const text of [page, chinese]) {
    const lines = [...text.matchAll(/<th[^>]*>(?:Hours|第) ([\d.]+)–([\d.]+)(?: 小时)?</g)];
    assert.equal(lines.length, 8, "no line of whole days");
    for (const [, from, to] of lines) assert.notEqual(from, to);
  }
  assert.match(renderReport(madeInput("en", 1, 4000)), /Days \d+–\d+/);
});

test("both ends of every scale of the four measures are read apart, in either language and at any width", () => {
  const dots: readonly Dot[] = [
    { name: "easy, central", kind: "chosen", measures: [1000, 5100, 1000, 0.1] },
    { name: "fcfs, central", kind: "other", measures: [23_000, 80_000, 400_000, 0.3] },
  ];
  for (const language of ["en", "zh"] as const)
    for (const width of [340, 560]) {
      const sheet = { id: "measures", title: "", description: "", width, language, say: sayIn(language) };
      const drawn = dotRows(sheet, dots, ["A", "B", "C", "D"]);
      const ends = [...drawn.matchAll(/<text x="([\d.]+)" y="([\d.]+)" class="tick (start|end)">([^<]*)</g)];
      assert.equal(ends.length, 8);
      for (let i = 0; i < 8; i += 2) {
        const [[, x, y, , least = ""] = [], [, endX, endY, , most = ""] = []] = [ends[i], ends[i + 1]];
        const apart = Number(x) + textWidth(least) <= Number(endX) - textWidth(most);
        assert.ok(apart || y !== endY, `${least} and ${most}, ${width} wide`);
      }
    }
});

test("the frontier's legend names every mark that is drawn, and no other", () => {
  for (const [homes, names] of [
    [1, ["This one", "One merged machine, EASY", "Other policies"]],
    [2, ["This one", "Home only", "Centre at random, EASY", "One merged machine, EASY", "Other policies"]],
  ] as const) {
    const [, section = ""] = renderReport(madeInput("en", homes)).split('aria-labelledby="frontier"');
    const [, legend = ""] = /<ul class="legend">(.*?)<\/ul>/.exec(section) ?? [];
    assert.deepEqual(
      [...legend.matchAll(/<\/i>([^<]*)</g)].map(([, name]) => name),
      names,
    );
    const marks = [...legend.matchAll(/<i class="(\w+) /g)].map(([, kind]) => kind);
    const drawn = new Set([...section.matchAll(/class="(\w+) ring"/g)].map(([, kind]) => kind));
    assert.deepEqual(new Set(marks), drawn);
  }
});
