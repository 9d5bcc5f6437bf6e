import { useQuery, useQueryClient } from "@tanstack/react-query";
import { AutoComplete, Button, Form, Input, InputNumber, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Centre } from "#api/network.ts";
import { bases, precisions, sparsities } from "#core/centre/capacity.ts";
import { capacityWords, lineWords, partWords, stageWords } from "#core/centre/capacity-words.ts";
import type { LifeCycle } from "#core/centre/life-cycle.ts";
import { ask, issuesOf, Refused } from "../../app/client.ts";
import { language } from "../../app/language.ts";
import { FormDialog } from "../../parts/dialog.tsx";
import { Icon } from "../../parts/icons.tsx";
import { Problem } from "../../parts/notice.tsx";
import { Facts } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { useFormat } from "../../words/use.ts";
import {
  draftOf,
  fieldOf,
  type LineDraft,
  linesWith,
  newDraft,
  type Stated,
  type StatedLine,
  stagesFrom,
  units,
} from "./capacity-draft.ts";
import css from "./centres.module.css";
import { capacityQuery, centresQuery } from "./queries.ts";

/** What a centre is stated to have and to get: its sums, and on request line by line; an administrator states it here. */
export function StatedCapacity({ centre, mayState }: { readonly centre: Centre; readonly mayState: boolean }) {
  const { t } = useTranslation("centres");
  const [open, setOpen] = useState(false);
  const stages = [...new Set(centre.capacity.map(({ lifeCycle }) => lifeCycle))].toReversed();
  if (stages.length === 0 && !mayState) return null;
  return (
    <section className={css.capacity} aria-label={t("capacity.title")}>
      <h3 className={css.sub}>{t("capacity.title")}</h3>
      {stages.length === 0 ? <p className="soft">{t("capacity.none")}</p> : null}
      <Facts
        look="sentences"
        items={stages.map((stage) => [
          stageWords(stage, language()),
          totalsOf(centre.capacity, stage).map((words) => <div key={words}>{words}</div>),
        ])}
      />
      <Button
        size="small"
        icon={<Icon name={open ? "up" : "down"} />}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {t(open ? "capacity.hide" : "capacity.show")}
      </Button>
      {open ? <Lines centre={centre} mayState={mayState} /> : null}
    </section>
  );
}

/** Each kind apart: AI and HPC are never added up. */
export function totalsOf(totals: Centre["capacity"], stage: LifeCycle): readonly string[] {
  return totals
    .filter(({ lifeCycle }) => lifeCycle === stage)
    .map(({ valueGigaflops, ...total }) => capacityWords({ ...total, gigaflops: BigInt(valueGigaflops) }, language()));
}

function Lines({ centre, mayState }: { readonly centre: Centre; readonly mayState: boolean }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  const { data, error } = useQuery(capacityQuery(centre.id));
  if (error) return <Problem error={error} />;
  if (!data) return <div style={{ height: 80 }} />;
  const lines = data.lines.map(({ valueGigaflops, ...line }) => ({ ...line, gigaflops: BigInt(valueGigaflops) }));
  return (
    <>
      <div className={css.capacityHead}>
        <span className="soft">
          {data.setBy === null || data.setMs === null
            ? null
            : t("terms.setBy", { version: data.version, person: data.setBy, time: format.dateTime(data.setMs) })}
        </span>
        {mayState ? <LineDialog centre={centre} stated={data} line={null} /> : null}
      </div>
      <Table
        label={t("capacity.title")}
        rows={lines}
        rowKey={({ line }) => line}
        stacks
        empty={<p className="soft">{t("capacity.none")}</p>}
        columns={[
          { key: "of", title: t("capacity.of"), cell: (line) => partWords(line, language()) },
          { key: "figure", title: t("capacity.figure"), cell: (line) => lineWords(line, language()) },
          { key: "stage", title: t("capacity.stage"), cell: (line) => stageWords(line.lifeCycle, language()) },
          { key: "from", title: t("capacity.from"), cell: (line) => line.inServiceFrom ?? "–" },
          { key: "region", title: t("region"), cell: (line) => line.regionCode ?? "–" },
          { key: "evidence", title: t("capacity.evidence"), cell: (line) => line.evidence || "–" },
          ...(mayState
            ? [
                {
                  key: "change",
                  title: "",
                  cell: (_: unknown, at: number) => (
                    <LineDialog centre={centre} stated={data} line={data.lines[at] ?? null} />
                  ),
                },
              ]
            : []),
        ]}
      />
    </>
  );
}

type LineDialogContent = { readonly centre: Centre; readonly stated: Stated; readonly line: StatedLine | null };

/** States a new line, or changes or ends one; what others set meanwhile is not overwritten unseen. */
function LineDialog({ centre, stated, line }: LineDialogContent) {
  const { t } = useTranslation("centres");
  const queries = useQueryClient();
  if (line?.lifeCycle === "retired") return null;
  return (
    <FormDialog<LineDraft, Stated>
      label={t(line ? "capacity.change" : "capacity.state")}
      title={t(line ? "capacity.changeTitle" : "capacity.stateTitle", { centre: centre.id, line: line?.line ?? 0 })}
      act={t("terms.set")}
      look="small"
      initial={line ? draftOf(line, stated.version) : newDraft(stated.version)}
      submit={(draft) => setLine(centre.id, stated, line?.line ?? null, draft)}
      onSettled={() =>
        Promise.all([
          queries.invalidateQueries({ queryKey: capacityQuery(centre.id).queryKey }),
          queries.invalidateQueries({ queryKey: centresQuery.queryKey }),
        ])
      }
    >
      <p className="soft">{t("capacity.words")}</p>
      <LineFields pools={centre.pools.map(({ name }) => name)} from={line?.lifeCycle ?? null} />
    </FormDialog>
  );
}

async function setLine(centre: string, stated: Stated, line: number | null, draft: LineDraft): Promise<Stated> {
  const { lines, at } = linesWith(stated, line, draft);
  try {
    return await ask("setCapacity", { params: { centre }, query: { base: draft.base }, body: { lines } });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const issues = issuesOf(error).map(({ path, words }) => ({ path: fieldOf(path, at), words }));
    throw issues.length === 0 ? error : new Refused({ ...error.problem, facts: { issues } });
  }
}

function LineFields({ pools, from }: { readonly pools: readonly string[]; readonly from: LifeCycle | null }) {
  const { t } = useTranslation("centres");
  const choice = (value: string, label: string) => ({ value, label });
  return (
    <>
      <Form.Item name="base" hidden>
        <InputNumber />
      </Form.Item>
      <div className={css.figureFields}>
        <Form.Item
          name="figure"
          label={t("capacity.figure")}
          rules={[{ pattern: /^\s*\d{1,9}(\.\d{1,9})?\s*$/, required: true, message: t("capacity.figureHelp") }]}
        >
          <Input inputMode="decimal" />
        </Form.Item>
        <Form.Item name="unit" label={t("capacity.unit")}>
          <Select options={units.map((unit) => choice(unit, `${unit}FLOPS`))} />
        </Form.Item>
        <Form.Item name="precision" label={t("capacity.precision")}>
          <Select options={precisions.map((value) => choice(value, value.toUpperCase()))} />
        </Form.Item>
        <Form.Item name="sparsity" label={t("capacity.sparsity")}>
          <Select options={sparsities.map((value) => choice(value, t(`sparsity.${value}`)))} />
        </Form.Item>
      </div>
      <div className={css.termsFields}>
        <Form.Item name="basis" label={t("capacity.basis")}>
          <Select options={bases.map((value) => choice(value, t(`basis.${value}`)))} />
        </Form.Item>
        <Form.Item name="lifeCycle" label={t("capacity.stage")} extra={t("capacity.stageHelp")}>
          <Select options={stagesFrom(from).map((value) => choice(value, stageWords(value, language())))} />
        </Form.Item>
        <Form.Item name="inServiceFrom" label={t("capacity.from")}>
          <Input placeholder="2027-06" spellCheck={false} />
        </Form.Item>
        <Form.Item name="evidence" label={t("capacity.evidence")} extra={t("capacity.evidenceHelp")}>
          <Input />
        </Form.Item>
        <Form.Item name="site" label={t("capacity.site")}>
          <Input />
        </Form.Item>
        <Form.Item name="regionCode" label={t("region")} extra={t("regionHelp")}>
          <Input spellCheck={false} />
        </Form.Item>
        <Form.Item name="phase" label={t("capacity.phase")}>
          <Input />
        </Form.Item>
        <Form.Item name="pool" label={t("pool")}>
          <AutoComplete options={pools.map((value) => ({ value }))} />
        </Form.Item>
      </div>
      <div className={css.deviceFields}>
        <Form.Item name="vendor" label={t("capacity.vendor")} extra={t("capacity.deviceHelp")}>
          <Input spellCheck={false} />
        </Form.Item>
        <Form.Item name="model" label={t("capacity.model")}>
          <Input spellCheck={false} />
        </Form.Item>
        <Form.Item name="count" label={t("nodeCount")}>
          <InputNumber min={1} precision={0} className={css.wide ?? ""} />
        </Form.Item>
      </div>
    </>
  );
}
