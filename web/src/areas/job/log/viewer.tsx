import { useVirtualizer } from "@tanstack/react-virtual";
import { Button, Input, Segmented, Select, Tooltip } from "antd";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { bytesText } from "#core/measures.ts";
import { CopyButton } from "../../../parts/copy.tsx";
import { Icon, type IconName } from "../../../parts/icons.tsx";
import { Problem, useErrorWords } from "../../../parts/notice.tsx";
import { Spinner } from "../../../parts/spinner.tsx";
import { countText } from "../../../words/format.ts";
import { piecesOf, plainText, type Style } from "./ansi.ts";
import css from "./log.module.css";
import { allLines, type LogLine } from "./text.ts";
import { type LogSource, type LogState, readWhole, useLog } from "./use-log.ts";

/** A log as it is written: follow it, search it, take it away. Only the lines in view are in the page. */
export function LogViewer({ source, sizes, file, attempts, onSource }: ViewerContent) {
  const { t } = useTranslation("job");
  const { state, readEarlier, again } = useLog(source);
  const lines = useMemo(() => (state.kind === "open" ? allLines(state.log) : []), [state]);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(() => window.matchMedia("(max-width: 666px)").matches);
  const find = useFind(lines);
  const other = source.stream === "stdout" ? "stderr" : "stdout";
  return (
    <div className={css.viewer}>
      <div className={css.tools}>
        <Segmented
          aria-label={t("log.stream")}
          options={(["stdout", "stderr"] as const).map((value) => ({
            value,
            label: sizes === null ? value : `${value} · ${bytesText(sizes[value])}`,
          }))}
          value={source.stream}
          onChange={(stream) => onSource({ ...source, stream: stream === "stderr" ? "stderr" : "stdout" })}
        />
        {attempts > 1 ? (
          <Select
            value={source.attempt}
            onChange={(attempt: number) => onSource({ ...source, attempt })}
            options={Array.from({ length: attempts }, (_, at) => ({
              value: at + 1,
              label: t("log.attempt", { attempt: at + 1 }),
            }))}
          />
        ) : null}
        <Progress state={state} />
        <div className={css.toolsEnd}>
          <FindField find={find} part={state.kind === "open" && state.log.startOffset > 0} />
          <Tool icon="wrap" label={t("log.wrap")} pressed={wrap} onClick={() => setWrap(!wrap)} />
          <Tool
            icon="follow"
            label={t(follow ? "log.following" : "log.follow")}
            pressed={follow}
            onClick={() => setFollow(!follow)}
          />
          <Download source={source} />
        </div>
      </div>
      {file === null ? null : (
        <p className={css.file}>
          {t("log.file", { stream: source.stream })} <code>{file}</code> <CopyButton text={file} />
        </p>
      )}
      {state.kind === "refused" ? <Problem error={state.error} again={again} /> : null}
      {state.kind === "loading" ? <Spinner /> : null}
      {state.kind === "open" && lines.length === 0 ? (
        <div className={css.middle}>
          {t(state.live === "final" ? "log.empty" : "log.emptyYet", { stream: source.stream })}
          <Button type="link" onClick={() => onSource({ ...source, stream: other })}>
            {t("log.lookAt", { stream: other })}
          </Button>
        </div>
      ) : null}
      {state.kind === "open" && lines.length > 0 ? (
        <Lines
          lines={lines}
          firstAt={state.log.firstAt}
          numbered={state.log.startOffset === 0}
          wrap={wrap}
          follow={follow}
          onFollow={setFollow}
          find={find}
          head={
            state.log.startOffset > 0 ? (
              <Earlier bytes={state.log.startOffset} dropped={state.log.dropped} read={readEarlier} />
            ) : null
          }
        />
      ) : null}
    </div>
  );
}

type ViewerContent = {
  readonly source: LogSource;
  /** What either stream has, once the run is over; null: not known. */
  readonly sizes: Readonly<Record<LogSource["stream"], number>> | null;
  /** Where at its centre the same is written, by the name that the job gave; null: nowhere. */
  readonly file: string | null;
  readonly attempts: number;
  readonly onSource: (source: LogSource) => void;
};

function Progress({ state }: { readonly state: LogState }) {
  const { t } = useTranslation("job");
  if (state.kind !== "open") return null;
  return (
    <span className="soft nowrap" role="status">
      {bytesText(state.sizeBytes)} · {state.live === "cut" ? t("log.cut") : t(`log.${state.live}`)}
    </span>
  );
}

function Tool({ icon, label, pressed, onClick, loading = false, words }: ToolContent) {
  return (
    <Tooltip title={label}>
      <Button
        aria-label={label}
        {...(pressed === undefined ? {} : { "aria-pressed": pressed })}
        type={pressed ? "primary" : "default"}
        ghost={pressed === true}
        loading={loading}
        icon={<Icon name={icon} />}
        onClick={onClick}
      >
        {words}
      </Button>
    </Tooltip>
  );
}

type ToolContent = {
  readonly icon: IconName;
  readonly label: string;
  readonly pressed?: boolean;
  readonly onClick: () => void;
  readonly loading?: boolean;
  readonly words?: string | undefined;
};

function Download({ source }: { readonly source: LogSource }) {
  const { t } = useTranslation("job");
  const errorWords = useErrorWords();
  const [share, setShare] = useState<number | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  async function download() {
    setShare(0);
    setFailed(null);
    try {
      const blob = await readWhole(source, setShare);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `${source.job}.${source.index}.${source.attempt}.${source.stream}.log`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (error) {
      setFailed(error);
    } finally {
      setShare(null);
    }
  }
  return (
    <Tool
      icon="download"
      label={failed ? errorWords(failed).title : t("log.download")}
      onClick={() => void download()}
      loading={share !== null}
      words={share === null ? undefined : t("log.downloading", { share: Math.floor(share * 100) })}
    />
  );
}

function Earlier({ bytes, dropped, read }: EarlierContent) {
  const { t } = useTranslation("job");
  const [busy, setBusy] = useState(false);
  return (
    <div className={css.earlier}>
      {dropped ? <span>{t("log.dropped")}</span> : null}
      <Button
        size="small"
        ghost
        loading={busy}
        onClick={() => {
          setBusy(true);
          void read().finally(() => setBusy(false));
        }}
      >
        {t("log.earlier", { size: bytesText(bytes) })}
      </Button>
    </div>
  );
}

type EarlierContent = { readonly bytes: number; readonly dropped: boolean; readonly read: () => Promise<void> };

type LinesContent = {
  readonly lines: readonly LogLine[];
  readonly firstAt: number;
  readonly numbered: boolean;
  readonly wrap: boolean;
  readonly follow: boolean;
  readonly onFollow: (follow: boolean) => void;
  readonly find: Find;
  readonly head: ReactNode;
};

function Lines({ lines, firstAt, numbered, wrap, follow, onFollow, find, head }: LinesContent) {
  const { t } = useTranslation("job");
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 20,
    overscan: 30,
    getItemKey: (at) => firstAt + at,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured afresh when lines break elsewhere
  useEffect(() => rows.measure(), [wrap]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines move a follower to the end
  useEffect(() => {
    if (follow) rows.scrollToIndex(lines.length - 1, { align: "end" });
  }, [follow, lines.length]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another match moves the page
  useEffect(() => {
    if (find.line === null) return;
    onFollow(false);
    rows.scrollToIndex(find.line, { align: "center" });
  }, [find.line]);
  const lastTop = useRef(0);
  function onScroll() {
    const box = scroller.current;
    if (!box) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    if (follow && !atEnd && box.scrollTop < lastTop.current - 4) onFollow(false);
    if (!follow && atEnd && box.scrollTop > lastTop.current + 4) onFollow(true);
    lastTop.current = box.scrollTop;
  }
  const width = numbered ? `${String(lines.length).length}ch` : undefined;
  return (
    <section
      ref={scroller}
      className={css.lines}
      aria-label={t("log.text")}
      onScroll={onScroll}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by the keys
      tabIndex={0}
    >
      {head}
      <div className={css.sheet} style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => {
          const line = lines[row.index];
          return line ? (
            <div
              key={row.key}
              ref={rows.measureElement}
              data-index={row.index}
              className={`${css.line} ${wrap ? css.wrapped : ""} ${row.index === find.line ? css.here : ""}`}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              {width === undefined ? null : (
                <span className={css.number} style={{ width }} aria-hidden="true">
                  {row.index + 1}
                </span>
              )}
              <span>
                <LineText line={line} mark={find.text} />
              </span>
            </div>
          ) : null;
        })}
      </div>
    </section>
  );
}

function LineText({ line, mark }: { readonly line: LogLine; readonly mark: string }) {
  const { pieces } = piecesOf(line.text, line.style);
  if (pieces.length === 0) return "\u200b";
  return pieces.map((piece, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line never move
    <span key={at} className={classOf(piece.style)} style={styleOf(piece.style)}>
      {mark === "" ? piece.text : marked(piece.text, mark)}
    </span>
  ));
}

function marked(text: string, mark: string): ReactNode {
  const parts: ReactNode[] = [];
  const lower = text.toLowerCase();
  let at = 0;
  for (let found = lower.indexOf(mark); found >= 0; found = lower.indexOf(mark, at)) {
    parts.push(text.slice(at, found), <mark key={found}>{text.slice(found, found + mark.length)}</mark>);
    at = found + mark.length;
  }
  return [...parts, text.slice(at)];
}

function classOf(style: Style): string | undefined {
  const names = [
    style.bold ? css.bold : "",
    style.dim ? css.dim : "",
    style.italic ? css.italic : "",
    style.underline ? css.underline : "",
  ].filter(Boolean);
  return names.length > 0 ? names.join(" ") : undefined;
}

function styleOf({ colour, ground, inverse }: Style) {
  const css = (one: Style["colour"]) => (one === null ? null : one.kind === "exact" ? one.css : `var(--ansi-${one.n})`);
  const front = inverse ? (css(ground) ?? "var(--log-ground)") : css(colour);
  const back = inverse ? (css(colour) ?? "var(--log-ink)") : css(ground);
  return { ...(front && { color: front }), ...(back && { background: back }) };
}

type Find = ReturnType<typeof useFind>;

/** Where the searched text stands among the loaded lines; upper and lower case are the same. */
function useFind(lines: readonly LogLine[]) {
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const text = typed.toLowerCase();
  const found = useMemo(() => {
    if (text === "") return [];
    const matches: number[] = [];
    for (const [place, line] of lines.entries())
      if (plainText(line.text).toLowerCase().includes(text)) matches.push(place);
    return matches;
  }, [lines, text]);
  const bounded = found.length === 0 ? 0 : ((at % found.length) + found.length) % found.length;
  return {
    text,
    typed,
    count: found.length,
    at: bounded,
    line: text === "" ? null : (found[bounded] ?? null),
    type: (value: string) => {
      setTyped(value);
      setAt(0);
    },
    step: (by: 1 | -1) => setAt(bounded + by),
  };
}

function FindField({ find, part }: { readonly find: Find; readonly part: boolean }) {
  const { t } = useTranslation("job");
  const words =
    find.text === ""
      ? ""
      : find.count === 0
        ? t("log.noMatch")
        : t("log.matches", { at: countText(find.at + 1), count: find.count });
  return (
    <span className={css.find}>
      <Input
        className={css.findField ?? ""}
        prefix={<Icon name="search" size={14} />}
        aria-label={t("log.find")}
        placeholder={t("log.find")}
        allowClear
        value={find.typed}
        onChange={(event) => find.type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") find.step(event.shiftKey ? -1 : 1);
        }}
      />
      {words === "" ? null : (
        <span className="soft nowrap" role="status">
          {words}
          {part ? ` ${t("log.partOnly")}` : ""}
        </span>
      )}
      {find.count > 1 ? (
        <>
          <Tool icon="up" label={t("log.previous")} onClick={() => find.step(-1)} />
          <Tool icon="down" label={t("log.next")} onClick={() => find.step(1)} />
        </>
      ) : null}
    </span>
  );
}
