import { Select } from "antd";
import { useState } from "react";
import { parseRegion, parseRegions, regions, regionWords } from "#core/centre/region.ts";
import { phraseWords } from "#core/job/phrase.ts";
import { regionsExpected } from "#core/job/weir-options.ts";
import { language } from "../app/language.ts";

/** One region by its name, its code or a place code in it; what is none cannot be chosen, and the list says so. */
export function RegionSelect({ value, onValue, label, ...rest }: RegionContent) {
  const choices = useChoices(regions, value === null ? [] : [value], (said) => {
    const parsed = parseRegion(said);
    return parsed.kind === "region" ? parsed.region : { nearest: parsed.nearest };
  });
  return (
    <Select
      {...rest}
      {...choices}
      {...(label !== undefined && { "aria-label": label })}
      allowClear
      value={value}
      onChange={(region: string | undefined) => onValue(region ?? null)}
    />
  );
}

/** Several; with `countries`, whole ones too. */
export function RegionsSelect({ value, onValue, label, countries = false, ...rest }: RegionsContent) {
  const choices = useChoices(countries ? ["cn", ...regions] : regions, value, (said) => {
    if (!countries) {
      const parsed = parseRegion(said);
      return parsed.kind === "region" ? parsed.region : { nearest: parsed.nearest };
    }
    const parsed = parseRegions([said]);
    return parsed.kind === "regions" ? (parsed.regions[0] ?? said) : { nearest: parsed.nearest };
  });
  return (
    <Select
      {...rest}
      {...choices}
      {...(label !== undefined && { "aria-label": label })}
      mode="multiple"
      allowClear
      value={[...value]}
      onChange={(all: string[]) => onValue(all)}
    />
  );
}

type Shared = {
  readonly id?: string;
  readonly label?: string;
  readonly placeholder?: string;
  readonly disabled?: boolean;
};
type RegionContent = Shared & {
  readonly value: string | null;
  readonly onValue: (region: string | null) => void;
};
type RegionsContent = Shared & {
  readonly value: readonly string[];
  readonly onValue: (regions: readonly string[]) => void;
  readonly countries?: boolean;
};

/** Those with a name, those chosen, and the one whose code is being typed. */
function useChoices(
  named: readonly string[],
  chosen: readonly string[],
  read: (said: string) => string | { readonly nearest: string | null },
) {
  const [said, setSaid] = useState("");
  const typed = said.trim() === "" ? null : read(said.trim());
  const isCode = typeof typed === "string";
  const all = new Set([...named, ...chosen, ...(isCode ? [typed] : [])]);
  return {
    showSearch: true,
    onSearch: setSaid,
    options: [...all].map((value) => ({ value, label: regionWords(value, language()) })),
    filterOption: (input: string, option?: { readonly value: string; readonly label: string }) =>
      option !== undefined &&
      (option.value === typed || option.label.toLowerCase().includes(input.trim().toLowerCase())),
    notFoundContent: phraseWords(regionsExpected(typed === null || isCode ? null : typed.nearest), language()),
  };
}
