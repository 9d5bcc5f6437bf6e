import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button } from "antd";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { newIdempotencyKey } from "#api/client.ts";
import type { JobRequest } from "#api/job.ts";
import { ask } from "../../app/client.ts";
import { language } from "../../app/language.ts";
import { Icon } from "../../parts/icons.tsx";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Page, Panel } from "../../parts/page.tsx";
import { jobQuery } from "../job/queries.ts";
import { type Draft, draftOf, emptyDraft, requestOf } from "./draft.ts";
import { DryRun } from "./dry-run.tsx";
import { Editor } from "./editor.tsx";
import { InputFiles } from "./files.tsx";
import { findingsOf } from "./findings.ts";
import { Further, ScriptForm } from "./form.tsx";
import css from "./submit.module.css";

/** Form and script side by side. The script is the one fact; the form reads its #SBATCH lines and writes into them. */
export function SubmitPage() {
  const { t, i18n } = useTranslation("submit");
  const { draft, change, lostFiles, reset } = useDraft();
  const request = useMemo(() => requestOf(draft), [draft]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the words change with the language
  const findings = useMemo(() => findingsOf(draft.script, language()), [draft.script, i18n.language]);
  const problems = findings.filter((finding) => finding.kind === "refused").length;
  const remarks = findings.length - problems;
  const navigate = useNavigate();
  const keyFor = useKey();
  const dryRun = useMutation({
    mutationFn: (body: JobRequest) => ask("dryRun", { body }),
  });
  const submit = useMutation({
    mutationFn: (body: JobRequest) => ask("submit", { body }, { idempotencyKey: keyFor(JSON.stringify(body)) }),
    onSuccess: async ({ id }) => {
      sessionStorage.removeItem(storageKey);
      await navigate({ to: "/jobs/$job", params: { job: String(id) } });
    },
  });
  // The later of the two that were asked of what stands there now: a dry run takes the answer of a submission away.
  const refusal =
    [submit, dryRun].find(({ error, variables }) => error !== null && variables === request)?.error ?? null;
  const result = useRef<HTMLDivElement>(null);
  // One above the other on a narrow screen: the bar at its foot leads to either.
  const form = useRef<HTMLDivElement>(null);
  const script = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (dryRun.data || dryRun.error || submit.error)
      result.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }, [dryRun.data, dryRun.error, submit.error]);

  return (
    <Page
      title={t("title")}
      note={t("note")}
      actions={
        <Button type="text" onClick={reset}>
          {t("reset")}
        </Button>
      }
    >
      {lostFiles > 0 ? <Notice kind="warning" title={t("files.lost", { count: lostFiles })} /> : null}
      <div className={css.sides}>
        <div ref={form} className={css.side}>
          <Panel title={t("form")}>
            <ScriptForm script={draft.script} onScript={(script) => change({ script })} />
          </Panel>
        </div>
        <div ref={script} className={css.side}>
          <Editor script={draft.script} findings={findings} onScript={(script) => change({ script })} />
          <div ref={result}>
            {refusal === null ? null : <Problem error={refusal} />}
            {dryRun.data ? <DryRun answer={dryRun.data} old={dryRun.variables !== request} /> : null}
          </div>
          <InputFiles files={draft.files} onFiles={(files) => change({ files })} />
          <Panel title={t("further")} extra={t("furtherNote")}>
            <Further draft={draft} onChange={change} />
          </Panel>
        </div>
      </div>
      <div className={css.bar}>
        <span className={css.verdict} role="status" data-bad={problems > 0 || refusal !== null}>
          <Icon name={problems > 0 || refusal !== null ? "failed" : "succeeded"} size={14} />{" "}
          {problems > 0 ? t("problems", { count: problems }) : t(refusal === null ? "clean" : "refused")}
          {remarks > 0 ? <span className="soft"> · {t("remarks", { count: remarks })}</span> : null}
        </span>
        <span className={css.jumps}>
          {([form, script] as const).map((part) => (
            <button
              key={part === form ? "form" : "script"}
              type="button"
              className={css.goTo}
              onClick={() => part.current?.scrollIntoView({ behavior: "smooth" })}
            >
              {t(part === form ? "form" : "script")} <Icon name={part === form ? "up" : "down"} size={14} />
            </button>
          ))}
        </span>
        <span className={css.buttons}>
          <Button
            onClick={() => {
              submit.reset();
              dryRun.mutate(request);
            }}
            loading={dryRun.isPending}
            disabled={problems > 0}
          >
            {t("dryRun")}
          </Button>
          <Button
            type="primary"
            onClick={() => submit.mutate(request)}
            loading={submit.isPending}
            disabled={problems > 0}
          >
            {t("submit")}
          </Button>
        </span>
      </div>
    </Page>
  );
}

const storageKey = "weir.draft";

/** The draft outlives a reload, but not its submission, and its files are not kept: they may be private and large. */
function useDraft() {
  const { from } = useSearch({ from: "/frame/submit" });
  const source = useQuery({ ...jobQuery(from ?? 0), enabled: from !== undefined });
  const [draft, setDraft] = useState<Draft>(() => (from === undefined ? remembered() : emptyDraft));
  const [lostFiles, setLostFiles] = useState(0);
  const taken = useRef<number | null>(null);
  useEffect(() => {
    if (!source.data || taken.current === source.data.id) return;
    taken.current = source.data.id;
    setDraft(draftOf(source.data.spec, source.data.name));
    setLostFiles(source.data.spec.inputFiles.length);
  }, [source.data]);
  useEffect(() => {
    const { files: _, ...kept } = draft;
    if (kept.script.length < 500_000) sessionStorage.setItem(storageKey, JSON.stringify(kept));
  }, [draft]);
  return {
    draft,
    lostFiles: draft.files.length > 0 ? 0 : lostFiles,
    change: (part: Partial<Draft>) => setDraft((was) => ({ ...was, ...part })),
    reset: () => {
      setDraft(emptyDraft);
      setLostFiles(0);
    },
  };
}

function remembered(): Draft {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(storageKey) ?? "null");
    return typeof kept === "object" && kept !== null ? { ...emptyDraft, ...kept, files: [] } : emptyDraft;
  } catch {
    return emptyDraft;
  }
}

/** The same key for the same content: pressing again after a cut line cannot submit twice. */
function useKey(): (content: string) => string {
  const last = useRef({ content: "", key: "" });
  return (content) => {
    if (last.current.content !== content) last.current = { content, key: newIdempotencyKey() };
    return last.current.key;
  };
}
