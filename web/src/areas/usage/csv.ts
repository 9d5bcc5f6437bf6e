import type { Answer } from "#api/client.ts";

type UsagePage = Answer<"usage">;

/** RFC 4180, with exact integers in the ledger's units so that a spreadsheet can add them up; readable columns beside. */
export function usageCsv(by: string, rows: UsagePage["rows"]): string {
  const head = [
    by,
    "runs",
    "core_ms",
    "milli_card_ms",
    "memory_mib_s",
    "wall_ms",
    "tariff_version",
    "currency",
    "amount_micro_yuan",
  ];
  const lines = rows.map(({ key, runs, amounts, cost }) => [
    key,
    String(runs),
    amounts.coreMs,
    amounts.milliCardMs,
    amounts.memoryMibS,
    amounts.wallMs,
    cost.tariffVersion,
    cost.currency,
    cost.amountMicroYuan,
  ]);
  return [head, ...lines]
    .map((line) => line.map(field).join(","))
    .join("\r\n")
    .concat("\r\n");
}

/** A text that a spreadsheet would run as a formula gets a quote before it. */
function field(text: string): string {
  const safe = /^[=+@\t\r]/.test(text) || /^-\D/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
