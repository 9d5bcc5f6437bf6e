import { useTranslation } from "react-i18next";
import type { JobDetail, SpecView } from "#api/job.ts";
import { regionWords } from "#core/centre/region.ts";
import { classTitle, shippedDefaultClass } from "#core/job/job-class.ts";
import { bytesText, mibText } from "#core/measures.ts";
import { language } from "../../app/language.ts";
import { CopyButton } from "../../parts/copy.tsx";
import { Facts } from "../../parts/page.tsx";
import { Table } from "../../parts/table.tsx";
import { useFilledIn } from "../../words/filled-in.ts";
import { useFormat } from "../../words/use.ts";
import { useClasses } from "../policy/classes.ts";
import css from "./job.module.css";
import { restartAfterS } from "./on-unreachable.ts";

/** What was asked for, in short: every line that says something about this job. */
export function Asked({ spec }: { readonly spec: SpecView }) {
  const { t } = useTranslation(["job", "submit"]);
  const format = useFormat();
  const cards = useCards();
  const data = useDataPlaces();
  const { classes } = useClasses();
  const { accelerators, centres } = spec;
  const restartS = restartAfterS(spec.onUnreachable);
  const memory =
    spec.memoryMibPerNode !== null
      ? t("asked.perNode", { size: mibText(spec.memoryMibPerNode) })
      : spec.memoryMibPerCore !== null
        ? t("asked.perCore", { size: mibText(spec.memoryMibPerCore) })
        : t("asked.memoryDefault");
  const several = (name: string, values: readonly string[]) =>
    values.length === 0 ? [] : [[name, values.join(", ")] as const];
  return (
    <Facts
      narrow
      items={[
        [t("asked.tasks"), t("asked.cores", { tasks: spec.tasks, cores: spec.coresPerTask })],
        ...(spec.nodes > 1 ? [[t("asked.nodes"), spec.nodes] as const] : []),
        ...(spec.wholeNodes ? [[t("asked.wholeNodes"), t("asked.wholeNodesYes"), "wide"] as const] : []),
        ...(spec.contiguous ? [[t("asked.contiguous"), t("asked.contiguousYes"), "wide"] as const] : []),
        ...(spec.nodeGroups === undefined ? [] : [[t("asked.nodeGroups"), spec.nodeGroups] as const]),
        ...several(
          t("asked.residency"),
          (spec.residency ?? []).map((one) => regionWords(one, language())),
        ),
        ...several(t("asked.data"), data(spec)).map((one) => [...one, "wide"] as const),
        ...(spec.domestic ? [[t("asked.equipment"), t("asked.domestic")] as const] : []),
        [t("asked.memory"), memory],
        ...(accelerators ? [[t("asked.cards"), cards(accelerators)] as const] : []),
        [t("asked.time"), format.duration(spec.timeLimitS * 1000)],
        [t("asked.grace"), format.duration(spec.graceS * 1000)],
        ...(spec.deadlineMs === undefined ? [] : [[t("asked.deadline"), format.dateTime(spec.deadlineMs)] as const]),
        ...(spec.warning === null
          ? []
          : [
              [
                t("asked.warning"),
                t("asked.warningBefore", {
                  signal: spec.warning.signal,
                  time: format.duration(spec.warning.beforeS * 1000),
                }),
              ] as const,
            ]),
        ...(spec.array === null ? [] : [[t("asked.array"), <code key="array">{spec.array}</code>] as const]),
        ...several(t("asked.dependencies"), spec.dependencies),
        ...(spec.retries > 0 ? [[t("asked.retries"), spec.retries] as const] : []),
        ...(spec.requeue ? [[t("asked.requeue"), t("asked.requeueYes"), "wide"] as const] : []),
        ...(restartS === undefined
          ? []
          : [[t("asked.onUnreachable"), t("asked.restartAfter", { time: format.duration(restartS * 1000) })] as const]),
        ...(spec.priorityClass === shippedDefaultClass
          ? []
          : [[t("asked.priority"), classTitle(spec.priorityClass, language(), classes)] as const]),
        ...(spec.preemptible === "no"
          ? []
          : [[t("asked.preemptible"), t(`submit:preemptible.${spec.preemptible}`), "wide"] as const]),
        ...several(t("asked.only"), centres.only),
        ...several(t("asked.except"), centres.except),
        ...several(t("asked.prefer"), centres.prefer),
        ...(spec.workingDirectory === null
          ? []
          : [[t("asked.workingDirectory"), <code key="wd">{spec.workingDirectory}</code>] as const]),
        ...(spec.stdout === null ? [] : [[t("asked.stdout"), <code key="out">{spec.stdout}</code>] as const]),
        ...(spec.stderr === null ? [] : [[t("asked.stderr"), <code key="err">{spec.stderr}</code>] as const]),
        ...several(t("asked.software"), spec.software),
        ...(spec.container === null ? [] : [[t("asked.container"), <code key="box">{spec.container}</code>] as const]),
        ...several(t("asked.fileSystems"), spec.fileSystems),
        ...several(
          t("asked.licences"),
          spec.licences.map(({ name, count }) => `${name} × ${count}`),
        ),
        ...several(
          t("asked.siteWords"),
          Object.entries(spec.siteWords).map(
            ([kind, words]) => `--${kind}=${words.join(kind === "constraint" ? "&" : ",")}`,
          ),
        ),
        ...several(
          t("asked.labels"),
          Object.entries(spec.labels).map(([name, value]) => `${name}=${value}`),
        ),
      ]}
    />
  );
}

/** Where its input is, and from when, in words. */
function useDataPlaces(): (spec: SpecView) => readonly string[] {
  const { t } = useTranslation("job");
  const format = useFormat();
  return ({ data }) => {
    if (!data) return [];
    const { at, elsewhere } = data;
    const places = at.map(({ centre, fromMs }) =>
      fromMs === undefined ? centre : t("asked.dataFrom", { centre, time: format.dateTime(fromMs) }),
    );
    if (!elsewhere) return places;
    const { fromMs } = elsewhere;
    return [
      ...places,
      fromMs === undefined ? t("asked.dataElsewhere") : t("asked.dataElsewhereFrom", { time: format.dateTime(fromMs) }),
    ];
  };
}

/** Accelerators in words. */
export function useCards(): (asked: NonNullable<SpecView["accelerators"]>) => string {
  const { t } = useTranslation("job");
  return ({ vendor, model, perNode, shareMilli }) => {
    const name = [vendor, model].filter(Boolean).join(" ") || t("asked.anyCard");
    return shareMilli === undefined
      ? t("asked.cardsPerNode", { count: perNode, name })
      : t("asked.shareOfCard", { percent: shareMilli / 10, name });
  };
}

/** The work itself: script or command, what travels along, and what Weir filled in or remarked. */
export function Specification({ job }: { readonly job: JobDetail }) {
  const { t } = useTranslation("job");
  const { clockTimes } = useFormat();
  const filledIn = useFilledIn();
  const { spec, defaults, warnings } = job;
  const environment = Object.entries(spec.environment);
  return (
    <div className={css.specification}>
      {spec.script === null ? null : <Source title={t("spec.script")} text={spec.script} />}
      {spec.command === null ? null : <Source title={t("spec.command")} text={spec.command.map(quoted).join(" ")} />}
      {spec.arguments.length > 0 ? (
        <Source title={t("spec.arguments")} text={spec.arguments.map(quoted).join(" ")} />
      ) : null}
      {environment.length > 0 ? (
        <>
          <h2 className={css.sub}>{t("spec.environment")}</h2>
          <Table
            label={t("spec.environment")}
            rows={environment}
            rowKey={([name]) => name}
            columns={[
              { key: "name", title: "", cell: ([name]) => <code>{name}</code> },
              { key: "value", title: "", cell: ([, value]) => <code className={css.value}>{value}</code> },
            ]}
          />
        </>
      ) : null}
      {spec.inputFiles.length > 0 ? (
        <>
          <h2 className={css.sub}>{t("spec.files")}</h2>
          <ul className={css.plainList}>
            {spec.inputFiles.map((file) => (
              <li key={file.path}>
                <code>{file.path}</code> · {bytesText(file.bytes)}
                {file.executable ? ` · ${t("spec.executable")}` : ""}
              </li>
            ))}
          </ul>
        </>
      ) : null}
      {defaults.length > 0 ? (
        <>
          <h2 className={css.sub}>{t("spec.defaults")}</h2>
          <ul className={css.plainList}>
            {defaults.map((one) => (
              <li key={one.field}>{filledIn(one)}</li>
            ))}
          </ul>
        </>
      ) : null}
      {warnings.length > 0 ? (
        <>
          <h2 className={css.sub}>{t("spec.warnings")}</h2>
          <ul className={css.plainList}>
            {warnings.map((warning) => (
              <li key={warning}>{clockTimes(warning)}</li>
            ))}
          </ul>
        </>
      ) : null}
    </div>
  );
}

function Source({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <>
      <div className={css.sourceHead}>
        <h2 className={css.sub}>{title}</h2>
        <CopyButton text={text} />
      </div>
      <pre className={css.source}>{text}</pre>
    </>
  );
}

/** One word as a POSIX shell would need it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
