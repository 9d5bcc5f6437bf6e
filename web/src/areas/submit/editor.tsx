import { Button } from "antd";
import { type ReactNode, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Icon } from "../../parts/icons.tsx";
import { Panel } from "../../parts/page.tsx";
import type { Finding } from "./findings.ts";
import css from "./submit.module.css";

const mostPaintedLines = 3000;

/**
 * A text field over a painted copy of itself: #SBATCH lines stand out, and what the parser says about a line stands at
 * that line. Below, the same in full, for screens and readers that do not see the paint.
 */
export function Editor({ script, findings, onScript }: EditorContent) {
  const { t } = useTranslation("submit");
  const field = useRef<HTMLTextAreaElement>(null);
  const lines = script.split("\n");
  const painted = lines.length <= mostPaintedLines;
  function goTo(line: number) {
    const start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    field.current?.focus();
    field.current?.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  }
  return (
    <Panel title={t("script")} extra={<OpenScript onScript={onScript} />} flush>
      <div className={css.editor} data-plain={!painted || undefined}>
        {painted ? <Numbers lines={lines} findings={findings} /> : null}
        <div className={css.stack}>
          {painted ? (
            <pre className={css.paint} aria-hidden="true">
              {lines.map((text, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
                <Line key={at} text={text} findings={findings.filter((finding) => finding.line === at + 1)} />
              ))}
            </pre>
          ) : null}
          <textarea
            ref={field}
            className={css.text}
            aria-label={t("script")}
            aria-invalid={findings.some((finding) => finding.kind === "refused")}
            aria-describedby="script-findings"
            value={script}
            onChange={(event) => onScript(event.target.value)}
            spellCheck={false}
            autoCapitalize="none"
            autoComplete="off"
            wrap="off"
          />
        </div>
      </div>
      {painted ? null : <p className={css.hidden}>{t("hidden")}</p>}
      <ul id="script-findings" className={css.findings}>
        {findings.map((finding) => (
          <li key={`${finding.line} ${finding.title} ${finding.detail}`} data-kind={finding.kind}>
            <Icon name={finding.kind === "refused" ? "failed" : "platform-fault"} size={14} />
            <Found finding={finding} onLine={goTo} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

type EditorContent = {
  readonly script: string;
  readonly findings: readonly Finding[];
  readonly onScript: (script: string) => void;
};

/** Its line leads there; where the words name it themselves, it is not said a second time. */
function Found({ finding, onLine }: { readonly finding: Finding; readonly onLine: (line: number) => void }) {
  const { t } = useTranslation("submit");
  const { line, title, detail } = finding;
  const place = line === null ? "" : t("line", { line });
  const [before = "", ...after] = place === "" ? [detail] : detail.split(place);
  const button =
    line === null ? null : (
      <button type="button" className={css.goTo} onClick={() => onLine(line)}>
        {place}
      </button>
    );
  const isNamed = after.length > 0;
  return (
    <span>
      {button === null || isNamed ? null : <>{button}: </>}
      {title ? <strong>{title}. </strong> : null}
      {before}
      {isNamed ? button : null}
      {after.join(place)}
    </span>
  );
}

/** The script that somebody already has takes the place of the text. */
function OpenScript({ onScript }: Pick<EditorContent, "onScript">) {
  const { t } = useTranslation("submit");
  const chooser = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button size="small" onClick={() => chooser.current?.click()}>
        {t("open")}
      </Button>
      <input
        ref={chooser}
        type="file"
        hidden
        data-for="script"
        onChange={(event) => {
          void event.target.files?.[0]?.text().then(onScript);
          event.target.value = "";
        }}
      />
    </>
  );
}

function Numbers({ lines, findings }: { readonly lines: readonly string[]; readonly findings: readonly Finding[] }) {
  return (
    <div className={css.numbers} aria-hidden="true">
      {lines.map((_, at) => {
        const here = findings.filter((finding) => finding.line === at + 1);
        const kind = here.some((finding) => finding.kind === "refused")
          ? "refused"
          : here.length > 0
            ? "warning"
            : undefined;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
          <span key={at} data-kind={kind}>
            {at + 1}
          </span>
        );
      })}
    </div>
  );
}

function Line({ text, findings }: { readonly text: string; readonly findings: readonly Finding[] }) {
  const worst = findings.find((finding) => finding.kind === "refused") ?? findings[0];
  return (
    <div className={css.paintLine} data-kind={worst?.kind}>
      <span>{coloured(text)}</span>
      {worst ? <span className={css.ghost}>{worst.title || worst.detail}</span> : null}
    </div>
  );
}

function coloured(text: string): ReactNode {
  const [directive] = /^#(?:SBATCH|WEIR(?:-SIM)?)\b/.exec(text) ?? [];
  if (directive !== undefined) {
    return (
      <>
        <span className={css.directive}>{directive}</span>
        <span className={css.option}>{text.slice(directive.length)}</span>
      </>
    );
  }
  if (/^\s*#/.test(text)) return <span className={css.comment}>{text}</span>;
  return text === "" ? "\u200b" : text;
}
