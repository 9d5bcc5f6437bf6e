import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ConnectionTest as Test } from "#api/connection-test.ts";
import type { Centre } from "#api/network.ts";
import { paths } from "#api/paths.ts";
import { type CheckName, checkWords } from "#core/centre/connection-test.ts";
import { askedWords, seenWords } from "#core/centre/test-words.ts";
import { ask } from "../../app/client.ts";
import { language } from "../../app/language.ts";
import { Notice, Problem } from "../../parts/notice.tsx";
import { Table } from "../../parts/table.tsx";
import { useFormat } from "../../words/use.ts";
import { centresQuery, lastTestQuery } from "./queries.ts";

/** The last connection test of a centre, and the button that asks for one; what is known so far is shown as it runs. */
export function ConnectionTest(content: ConnectionTestContent) {
  const { centre } = content;
  const { t } = useTranslation("centres");
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t("test.button")}
      </Button>
      <Modal open={open} title={t("test.title", { centre })} footer={null} width={880} onCancel={() => setOpen(false)}>
        {open ? <LastTest {...content} /> : null}
      </Modal>
    </>
  );
}

type ConnectionTestContent = {
  readonly centre: string;
  readonly lifeCycle: Centre["lifeCycle"];
  readonly mayAsk: boolean;
};

function LastTest({ centre, lifeCycle, mayAsk }: ConnectionTestContent) {
  const { t } = useTranslation("centres");
  const queries = useQueryClient();
  const { data, error } = useQuery(lastTestQuery(centre));
  const run = useMutation({
    mutationFn: () => ask("addTest", { params: { centre }, body: {} }),
    onSettled: () =>
      Promise.all([lastTestQuery(centre), centresQuery].map(({ queryKey }) => queries.invalidateQueries({ queryKey }))),
  });
  const [test] = data?.tests ?? [];
  const underWay = test?.state === "asked" || test?.state === "running";
  return (
    <>
      {error ? <Problem error={error} /> : null}
      {run.error ? <Problem error={run.error} /> : null}
      {data && !test ? (
        <p className="soft">{t(lifeCycle === "trial" ? "test.none.trial" : "test.none.other")}</p>
      ) : null}
      {test ? <TestShown test={test} /> : null}
      {mayAsk && !underWay ? (
        <Button type="primary" loading={run.isPending} onClick={() => run.mutate()}>
          {t(test ? "test.again" : "test.run")}
        </Button>
      ) : null}
    </>
  );
}

function TestShown({ test }: { readonly test: Test }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  const nameOf = useCheckName();
  return (
    <>
      <TestState test={test} />
      <p className="soft">{t("test.by", { person: test.askedBy, time: format.dateTime(test.askedMs) })}</p>
      <Table
        label={t("test.button")}
        rows={test.checks}
        rowKey={({ check }) => check}
        stacks
        columns={[
          { key: "check", title: t("test.check"), cell: ({ check }) => nameOf(check) },
          { key: "verdict", title: t("test.verdict"), cell: ({ verdict }) => t(`test.verdicts.${verdict}`) },
          { key: "took", title: t("test.took"), number: true, cell: ({ tookMs }) => `${(tookMs / 1000).toFixed(1)} s` },
          {
            key: "evidence",
            title: t("test.evidence"),
            cell: ({ check, asked, seen }) => (
              <div>
                <span className="soft">{askedWords(check, asked, language())}</span>
                <br />
                {seenWords(seen, language())}
              </div>
            ),
          },
        ]}
        empty={null}
      />
      {test.key === null ? null : (
        <p className="soft">{t("test.signed", { key: test.key, path: `/api/v1${paths.networkKeys.path}` })}</p>
      )}
    </>
  );
}

function TestState({ test }: { readonly test: Test }) {
  const { t } = useTranslation("centres");
  const nameOf = useCheckName();
  if (test.state === "asked") return <Notice kind="plain" title={t("test.asked")} />;
  if (test.state === "abandoned") return <Notice kind="bad" title={t("test.abandoned")} />;
  if (test.state === "running")
    return <Notice kind="plain" title={t("test.running", { done: test.checks.length, of: test.of })} />;
  const title = test.grade === null ? t("test.noGrade") : t("test.grade", { grade: test.grade });
  return (
    <Notice kind={test.grade === null ? "bad" : "good"} title={title}>
      {test.costs.map(({ check, why, leaves }) => {
        const facts = { check: nameOf(check), why: t(`test.costs.${why}`) };
        return (
          <div key={check}>
            {leaves === null ? t("test.leavesNone", facts) : t("test.leaves", { ...facts, grade: leaves })}
          </div>
        );
      })}
    </Notice>
  );
}

function useCheckName(): (check: CheckName) => string {
  const { i18n } = useTranslation();
  return (check) => checkWords[check][i18n.language === "zh" ? 1 : 0];
}
