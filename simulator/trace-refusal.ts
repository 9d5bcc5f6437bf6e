import { unreachable } from "#core/unreachable.ts";

/** Why a trace cannot be taken as it is; `line` counts from 1. */
export type TraceRefusal =
  | { readonly kind: "columns"; readonly line: number; readonly found: number; readonly expected: number }
  | {
      readonly kind: "not-a-number";
      readonly line: number;
      readonly column: number;
      readonly meaning: string;
      readonly text: string;
    }
  | {
      readonly kind: "too-large";
      readonly line: number;
      readonly column: number;
      readonly meaning: string;
      readonly text: string;
      readonly limit: number;
    }
  | { readonly kind: "header"; readonly line: number; readonly field: string; readonly text: string }
  /** Of a table with names of columns in its first line. */
  | { readonly kind: "no-column"; readonly line: number; readonly absent: string; readonly needed: readonly string[] }
  | { readonly kind: "no-jobs" }
  /** Of Weir's own export. */
  | { readonly kind: "not-json"; readonly line: number }
  | { readonly kind: "not-history"; readonly line: number }
  | { readonly kind: "no-field"; readonly line: number; readonly field: string }
  | { readonly kind: "no-nodes" }
  | { readonly kind: "file-too-large"; readonly limitGib: number }
  /** A gzip file that is cut short or damaged; `because` are the words of zlib. */
  | { readonly kind: "gzip"; readonly because: string };

/** Thrown by whatever reads a trace: its file and why. The message is the English words. */
export class TraceRefused extends Error {
  override readonly name = "TraceRefused";
  readonly file: string;
  readonly refusal: TraceRefusal;

  constructor(file: string, refusal: TraceRefusal, cause?: unknown) {
    super(traceRefusalWords(file, refusal, "en"), { cause });
    this.file = file;
    this.refusal = refusal;
  }
}

/** File, line, what is wrong, and what to do about it: a sentence or two for the user. */
export function traceRefusalWords(file: string, refusal: TraceRefusal, language: "en" | "zh"): string {
  const [en, zh] = words(refusal);
  const line = "line" in refusal ? refusal.line : null;
  if (language === "zh") return `${file}${line === null ? "" : ` 第 ${line} 行`}：${zh}`;
  return `${file}${line === null ? "" : `, line ${line}`}: ${en}`;
}

function words(refusal: TraceRefusal): readonly [en: string, zh: string] {
  switch (refusal.kind) {
    case "columns":
      return [
        `${refusal.found} ${refusal.found === 1 ? "column" : "columns"} where a job has ${refusal.expected}. Write -1 for what is missing, or take the line out.`,
        `有 ${refusal.found} 列，而一个作业应有 ${refusal.expected} 列。缺失的值请写 -1，或删去此行。`,
      ];
    case "not-a-number":
      if (refusal.column === 1)
        return [
          `${JSON.stringify(refusal.text)} is no job number. If this is no log in the Standard Workload Format, name another file; if it is, take the line out.`,
          `${JSON.stringify(refusal.text)} 不是作业编号。若此文件不是标准负载格式（SWF）的日志，请换一个文件；若是，请删去此行。`,
        ];
      return [
        `column ${refusal.column} (${refusal.meaning}) is ${JSON.stringify(refusal.text)}, not a number. Write -1 if it is missing, or take the line out.`,
        `第 ${refusal.column} 列（${meaningsZh[refusal.meaning] ?? refusal.meaning}）为 ${JSON.stringify(refusal.text)}，不是数字。缺失请写 -1，或删去此行。`,
      ];
    case "too-large":
      return [
        `column ${refusal.column} (${refusal.meaning}) is ${refusal.text}; the greatest that is read is ${refusal.limit}. Correct it, or write -1 if it is unknown.`,
        `第 ${refusal.column} 列（${meaningsZh[refusal.meaning] ?? refusal.meaning}）为 ${refusal.text}，可读的最大值为 ${refusal.limit}。请更正；未知请写 -1。`,
      ];
    case "header":
      return [
        `the header's ${refusal.field} is ${JSON.stringify(refusal.text)}, not a whole number up to 2147483647. Correct it, or take the line out.`,
        `文件头的 ${refusal.field} 为 ${JSON.stringify(refusal.text)}，不是 2147483647 以内的整数。请更正，或删去此行。`,
      ];
    case "no-column":
      return [
        `no column ${refusal.absent}. The first line must name these columns, separated by commas: ${refusal.needed.join(", ")}.`,
        `缺少 ${refusal.absent} 列。首行必须以逗号分隔列出以下列名：${refusal.needed.join("、")}。`,
      ];
    case "no-nodes":
      return [
        "no node in it: every line after the first is empty. Give the file that has the nodes.",
        "其中没有节点：首行之后均为空行。请给出含有节点的文件。",
      ];
    case "not-json":
      return [
        "no JSON object. Export the history again with weir export --history; a file cut short ends so.",
        "不是 JSON 对象。请用 weir export --history 重新导出；文件不完整时会如此。",
      ];
    case "not-history":
      return [
        'the first line is not {"weir":"history","version":1,"centres":[…]}. Give a file that weir export --history wrote.',
        '首行不是 {"weir":"history","version":1,"centres":[…]}。请给出由 weir export --history 写出的文件。',
      ];
    case "no-field":
      return [
        `${refusal.field} is missing, or not what it should be. Export the history again, or take the line out.`,
        `缺少 ${refusal.field}，或其值不正确。请重新导出，或删去此行。`,
      ];
    case "no-jobs":
      return [
        "no job in it: every line is empty or a comment. Give the file that has the jobs.",
        "其中没有作业：所有行均为空行或注释。请给出含有作业的文件。",
      ];
    case "file-too-large":
      return [
        `the file is larger than ${refusal.limitGib} GiB. Compress it with gzip, or split it.`,
        `文件超过 ${refusal.limitGib} GiB。请用 gzip 压缩，或拆分。`,
      ];
    case "gzip":
      return [
        `the gzip file is cut short or damaged (${refusal.because}). Fetch it again, and try it with gzip -t.`,
        `gzip 文件不完整或已损坏（${refusal.because}）。请重新获取，并用 gzip -t 检查。`,
      ];
    default:
      return unreachable(refusal);
  }
}

/** Of the columns of SWF; those of a CSV are called by their names in the file. */
const meaningsZh: Readonly<Record<string, string>> = {
  "job number": "作业编号",
  "submit time": "提交时间",
  "wait time": "等待时间",
  "run time": "运行时间",
  "allocated processors": "分配的处理器数",
  "requested processors": "申请的处理器数",
  "requested time": "申请时间",
  user: "用户",
  group: "用户组",
};
