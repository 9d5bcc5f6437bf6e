import assert from "node:assert/strict";
import { test } from "node:test";
import { palettes } from "./palettes.ts";

// WCAG 2.2: text has a contrast of at least 4.5 to what it stands on, marks that carry meaning of at least 3.

for (const [name, colours] of Object.entries(palettes)) {
  test(`every text of the ${name} theme can be read on every ground it stands on`, () => {
    const states = Object.entries(colours).filter(([key]) => key.startsWith("state-"));
    const texts = [
      ["ink", colours.ink],
      ["ink-soft", colours["ink-soft"]],
      ["ink-faint", colours["ink-faint"]],
      ["accent", colours.accent],
      ...states,
    ];
    for (const [key = "", colour = ""] of texts) {
      for (const ground of ["panel", "raised", "ground", "sunken"] as const) {
        const found = contrast(colour, colours[ground]);
        assert.ok(found >= 4.5, `${key} on ${ground}: ${found.toFixed(2)}`);
      }
    }
    for (const [text, ground] of [
      ["side-ink", "side"],
      ["side-ink-strong", "side-chosen"],
      ["log-ink", "log-ground"],
    ] as const) {
      assert.ok(contrast(colours[text], colours[ground]) >= 4.5, `${text} on ${ground}`);
    }
  });

  test(`the bars of the ${name} theme stand out from their empty part`, () => {
    for (const bar of ["bar-cores", "bar-memory", "bar-cards"] as const) {
      const found = contrast(colours[bar], colours["bar-empty"]);
      assert.ok(found >= 3, `${bar}: ${found.toFixed(2)}`);
    }
  });
}

/** (L1 + 0.05) / (L2 + 0.05), L the relative luminance of sRGB. */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
