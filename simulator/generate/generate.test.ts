import assert from "node:assert/strict";
import { test } from "node:test";
import { createGenerator } from "#core/scheduling/kernel/generator.ts";
import { readTrace } from "#simulator/read-trace.ts";
import { parseSwf, type SwfLog, swfText } from "#simulator/swf.ts";
import { skipWithout, traceFile } from "#simulator/traces-testing.ts";
import { helios, sizeWeights } from "./ai-cluster.ts";
import { gamma, normal, uniform } from "./distributions.ts";
import { dailyClock, type GenerateSettings, generate, generateRefusalWords } from "./generate.ts";

// Goal: what is made has the distributions of the papers. The formulas are written here a second time, from the papers,
// and compared by the Kolmogorov-Smirnov distance, whose bound is passed by chance once in 10 000 (the seeds are fixed).

function made(settings: Partial<GenerateSettings>): SwfLog {
  const made = generate({ model: "lublin", jobs: 40_000, processors: 256, seed: 7, load: null, ...settings });
  assert.ok(made.kind === "log");
  return made.log;
}

/** Largest distance between the shares of samples up to x and the distribution's, at all x that occur. */
function distance(samples: readonly number[], cumulative: (x: number) => number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  let most = 0;
  for (const [i, x] of sorted.entries()) {
    if (sorted[i + 1] === x) continue;
    most = Math.max(most, Math.abs((i + 1) / sorted.length - cumulative(x)));
  }
  return most;
}

const bound = (count: number): number => 2.2 / Math.sqrt(count);

/** ln Γ by Stirling's series, shifted to where it is exact to 1e-12. */
function logGamma(x: number): number {
  let [shift, at] = [0, x];
  for (; at < 15; at += 1) shift -= Math.log(at);
  return shift + (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * at) - 1 / (360 * at ** 3);
}

/** Its density summed over 20 000 steps from 0, as a table to look up in: good to 1e-6 for the shapes here. */
function gammaCumulative(shape: number, scale: number): (x: number) => number {
  const most = shape * scale + 30 * Math.sqrt(shape) * scale;
  const steps = 20_000;
  const density = (x: number) =>
    Math.exp((shape - 1) * Math.log(x) - x / scale - logGamma(shape) - shape * Math.log(scale));
  const sums = new Float64Array(steps + 1);
  for (let i = 1; i <= steps; i += 1)
    sums[i] = (sums[i - 1] ?? 0) + (density(((i - 0.5) * most) / steps) * most) / steps;
  return (x) => {
    const at = Math.min(steps, Math.max(0, (x / most) * steps));
    const below = Math.floor(at);
    const from = sums[below] ?? 1;
    return from + (at - below) * ((sums[below + 1] ?? from) - from);
  };
}

/** Abramowitz and Stegun 7.1.26: good to 1.5e-7. */
function normalCumulative(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const upper = (series * Math.exp(-(x ** 2) / 2)) / 2;
  return x >= 0 ? 1 - upper : upper;
}

const sizesOf = (log: SwfLog): readonly number[] => [...log.requested];
const share = <T>(all: readonly T[], is: (one: T) => boolean): number => all.filter(is).length / all.length;
const near = (actual: number, expected: number, within: number, what: string): void =>
  assert.ok(Math.abs(actual - expected) <= within, `${what}: ${actual}, expected ${expected} ± ${within}`);

test("the distributions that all is drawn from", () => {
  const count = 40_000;
  const draw = (from: (generator: ReturnType<typeof createGenerator>) => number, seed: number): readonly number[] => {
    const generator = createGenerator(seed);
    return Array.from({ length: count }, () => from(generator));
  };
  assert.ok(distance(draw(uniform, 1), (x) => x) < bound(count));
  assert.ok(distance(draw(normal, 2), normalCumulative) < bound(count));
  for (const [shape, scale] of [
    [1, 2],
    [6.57, 0.823],
    [639.1, 0.0156],
  ] as const) {
    const samples = draw((generator) => gamma(generator, { shape, scale }), 3);
    assert.ok(distance(samples, gammaCumulative(shape, scale)) < bound(count), `gamma ${shape} ${scale}`);
  }
});

test("lublin: shares of serial jobs and of powers of two, and the two stages of sizes", () => {
  const sizes = sizesOf(made({}));
  const count = sizes.length;
  near(
    share(sizes, (size) => size === 1),
    0.2927,
    4 * Math.sqrt(0.2927 / count),
    "serial",
  );
  const parallel = sizes.filter((size) => size > 1);
  // Of 256: 1.2 … 5.5 with 0.875, 5.5 … 8 with the rest.
  const stage = (u: number): number => (u <= 5.5 ? (0.875 * (u - 1.2)) / 4.3 : 0.875 + (0.125 * (u - 5.5)) / 2.5);
  const cumulative = (u: number): number => Math.min(1, Math.max(0, stage(u)));
  const ofPowers = 0.6686 / (1 - 0.2927);
  for (const size of [2, 3, 4, 7, 8, 13, 16, 32, 50, 64, 100, 128, 200, 255, 256]) {
    const rounded = cumulative(Math.floor(Math.log2(size)) + 0.5);
    const plain = cumulative(Math.log2(size + 0.5));
    const expected = ofPowers * rounded + (1 - ofPowers) * plain;
    near(
      share(parallel, (one) => one <= size),
      expected,
      bound(parallel.length),
      `parallel, up to ${size}`,
    );
  }
  assert.equal(Math.max(...sizes), 256);
});

test("lublin: run times are a mixture of two gamma distributions of their logarithm, by size", () => {
  const log = made({ jobs: 60_000 });
  const short = gammaCumulative(6.57, 0.823);
  const long = gammaCumulative(639.1, 0.0156);
  for (const size of [1, 2, 32, 256]) {
    const runs = [...log.runS].filter((_, i) => log.requested[i] === size);
    const p = Math.max(0, 0.6986 - 0.003 * size);
    const mixture = (x: number): number => p * short(x) + (1 - p) * long(x);
    // Whole seconds, rounded down: up to r are those below r + 1.
    const cumulative = (runS: number): number => Math.min(1, mixture(Math.log(runS + 1)) / mixture(12));
    assert.ok(runs.length > 500);
    assert.ok(distance(runs, cumulative) < bound(runs.length), `${size} processors: ${distance(runs, cumulative)}`);
  }
  assert.ok(Math.max(...log.runS) <= Math.exp(12) && Math.min(...log.runS) >= 1);
});

test("lublin: jobs arrive by the day's gamma distribution, and so far apart as the paper has it", () => {
  const log = made({ jobs: 60_000 });
  const days = Math.floor((log.submitS.at(-1) ?? 0) / 86_400);
  const daily = gammaCumulative(6.1271, 5.274);
  const area = daily(58.5) - daily(10.5);
  for (let hour = 0; hour < 24; hour += 1) {
    // The day's half hours 11 … 58 lie at (i − 1) mod 48 from midnight.
    const halves = [2 * hour, 2 * hour + 1].map((half) => (half >= 10 ? half + 1 : half + 49));
    const expected = halves.reduce((sum, i) => sum + (daily(i + 0.5) - daily(i - 0.5)) / area, 0);
    const arrived = share([...log.submitS], (submitS) => Math.floor(submitS / 3600) % 24 === hour);
    near(arrived, expected, 0.006, `at ${hour} h`);
  }
  // The mean of e^y of a gamma distribution cut at 13, by its density.
  const between = gammaCumulative(6.0415 * 1.0519, 0.8531);
  let meanS = 0;
  for (let y = 0; y < 13; y += 0.001) meanS += Math.exp(y + 0.0005) * (between(y + 0.001) - between(y));
  meanS /= between(13);
  near((days * 86_400) / log.count / meanS, 1, 0.06, `mean time between jobs, of ${meanS} s`);
});

test("ai: lognormal run times with the median and mean of Helios, cut at the longest there", () => {
  const log = made({ model: "ai", processors: 2048, jobs: 100_000 });
  const runs = [...log.runS];
  const sigma = Math.sqrt(2 * Math.log(6652 / 206));
  const upTo = (x: number): number => normalCumulative(Math.log(x / 206) / sigma);
  const longest = 50 * 86_400;
  // Rounded up: up to r are those up to r.
  assert.ok(distance(runs, (runS) => upTo(runS) / upTo(longest)) < bound(runs.length));
  near(runs.toSorted((a, b) => a - b)[50_000] ?? 0, 206, 10, "median");
  // Of what lies below the cut: mean × Φ((ln cut − μ − σ²) ÷ σ) ÷ Φ((ln cut − μ) ÷ σ).
  const meanS = (6652 * normalCumulative(Math.log(longest / 206) / sigma - sigma)) / upTo(longest);
  near(runs.reduce((sum, runS) => sum + runS, 0) / runs.length / meanS, 1, 0.1, `mean, of ${meanS} s`);
});

test("ai: sizes are powers of two with Helios' mean, most of one, and most GPU time in those of 8 and more", () => {
  const log = made({ model: "ai", processors: 2048, jobs: 100_000 });
  const sizes = sizesOf(log);
  const weights = Array.from({ length: 12 }, (_, k) => 2 ** (-1.18 * k));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  for (const [k, weight] of weights.entries())
    near(
      share(sizes, (size) => size === 2 ** k),
      weight / sum,
      0.005,
      `of ${2 ** k}`,
    );
  const mean = weights.reduce((total, weight, k) => total + (weight / sum) * 2 ** k, 0);
  near(mean, 3.72, 0.03, "the exponent gives the paper's mean");
  near(sizes.reduce((total, size) => total + size, 0) / sizes.length / mean, 1, 0.05, "mean size");
  const large = weights.reduce((total, weight, k) => total + (k >= 3 ? weight * 2 ** k : 0), 0);
  near(large / weights.reduce((total, weight, k) => total + weight * 2 ** k, 0), 0.6, 0.01, "GPU time of 8 and more");
  assert.equal(sizeWeights(100).length, 7);
  assert.equal(Math.max(...sizesOf(made({ model: "ai", processors: 100 }))), 64);
  assert.equal(helios.mostProcessors, 2048);
});

test("ai: every job has a limit above its run time, and people of very different diligence", () => {
  const log = made({ model: "ai", processors: 512 });
  assert.ok(log.requestedS.every((limitS, i) => limitS >= (log.runS[i] ?? 0)));
  const jobs = new Map<number, number>();
  for (const user of log.user) jobs.set(user, (jobs.get(user) ?? 0) + 1);
  assert.ok(jobs.size > 90 && (jobs.get(1) ?? 0) > 20 * (jobs.get(90) ?? 0));
});

test("the load is what was asked for; ai has one of its own", () => {
  const loadOf = (log: SwfLog): number => {
    const area = log.runS.reduce((sum, runS, i) => sum + runS * (log.requested[i] ?? 0), 0);
    return area / ((log.header.maxProcs ?? 0) * (log.submitS.at(-1) ?? 0));
  };
  near(loadOf(made({ load: 0.7 })), 0.7, 0.02, "lublin");
  near(loadOf(made({ load: 1.5, model: "ai" })), 1.5, 0.05, "ai");
  near(loadOf(made({ model: "ai" })), 0.85, 0.03, "ai, left alone");
});

test("the same settings give the same log, another seed another; it says that it is synthetic and can be kept", () => {
  const log = made({ jobs: 500 });
  assert.deepEqual(made({ jobs: 500 }), log);
  assert.notDeepEqual(made({ jobs: 500, seed: 8 }).runS, log.runS);
  assert.match(log.name, /^synthetic-/);
  assert.match(log.header.fields.get("Note") ?? "", /^synthetic: /);
  assert.deepEqual(parseSwf(Buffer.from([...swfText(log)].join("")), log.name), log);
});

test("a machine of any size, also of one processor and of no power of two", () => {
  for (const model of ["lublin", "ai"] as const)
    for (const processors of [1, 2, 3, 5, 100, 1_000_000]) {
      const sizes = sizesOf(made({ model, processors, jobs: 2000 }));
      assert.ok(Math.min(...sizes) === 1 && Math.max(...sizes) <= processors, `${model} of ${processors}`);
    }
});

test("settings out of bounds are refused, and a log longer than the clock", () => {
  const settings = { model: "lublin", jobs: 10, processors: 4, seed: 1, load: null } as const;
  for (const wrong of [{ jobs: 0 }, { jobs: 1.5 }, { processors: 0 }, { processors: 2e6 }, { load: 0 }, { load: -1 }])
    assert.equal(generate({ ...settings, ...wrong }).kind, "outside");
  const long = generate({ ...settings, jobs: 600_000, load: 0.01, processors: 100 });
  assert.ok(long.kind === "too-long");
  assert.match(generateRefusalWords(long, "en"), /fewer --jobs/);
});

test("the day's clock is the inverse of the rates' sum", () => {
  const rates = [0.5, 1.5, 1.75, 0.25];
  const clock = dailyClock(rates);
  for (const seconds of [0, 10, 21_599, 21_600, 50_000, 86_399, 86_400, 200_000, 86_400 * 1000 + 60_000]) {
    const day = Math.floor(seconds / 86_400);
    const rest = seconds - day * 86_400;
    const passed = rates.reduce((sum, rate, i) => sum + rate * Math.min(21_600, Math.max(0, rest - i * 21_600)), 0);
    near(clock(day * 86_400 + passed), seconds, 1e-4, "there and back");
  }
});

test("the batch jobs of a log made by the authors' program look alike", {
  skip: skipWithout("lublin_256_new2.swf.gz"),
}, () => {
  const text = new TextDecoder().decode(readTrace(traceFile("lublin_256_new2.swf.gz") ?? ""));
  // Its column 15 is 1 for batch jobs and 0 for interactive ones, which have other parameters.
  const lines = text.split("\n").filter((line) => line.startsWith(";") || line.trim().split(/\s+/)[14] === "1");
  const theirs = parseSwf(Buffer.from(lines.join("\n")), "theirs");
  const ours = made({});
  const figures = (log: SwfLog) => {
    const sizes = [...log.allocated];
    const parallel = sizes.filter((size) => size > 1);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const logs = [...log.runS].map((runS) => Math.log(runS));
    const meanLog = mean(logs);
    return {
      serial: share(sizes, (size) => size === 1),
      powerOfTwo: share(parallel, (size) => Number.isInteger(Math.log2(size))),
      meanSizeLog: mean(parallel.map(Math.log2)),
      meanRunLog: meanLog,
      spreadRunLog: Math.sqrt(mean(logs.map((value) => (value - meanLog) ** 2))),
      betweenLog: Math.log(((log.submitS.at(-1) ?? 0) - (log.submitS[0] ?? 0)) / log.count),
    };
  };
  const [a, b] = [figures(theirs), figures(ours)];
  assert.ok(theirs.count > 1000);
  near(b.serial, a.serial, 0.04, "serial");
  near(b.powerOfTwo, a.powerOfTwo, 0.04, "powers of two of parallel jobs");
  near(b.meanSizeLog, a.meanSizeLog, 0.2, "log2 of parallel sizes");
  near(b.meanRunLog, a.meanRunLog, 0.25, "ln of run times");
  near(b.spreadRunLog, a.spreadRunLog, 0.2, "their spread");
  near(b.betweenLog, a.betweenLog, 0.15, "ln of the mean time between jobs");
});
