import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Modal, Popconfirm } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { ask } from "../../app/client.ts";
import { Problem } from "../../parts/notice.tsx";
import { useFormat } from "../../words/use.ts";
import css from "./centres.module.css";
import { centresQuery, intakeQuery } from "./queries.ts";

type Step = Answer<"intake">["steps"][number]["step"];

/** What an administrator may do with a centre; what each does to the work that is there stands beside its button. */
export function IntakeButton({ centre }: { readonly centre: string }) {
  const { t } = useTranslation(["centres", "words"]);
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        {t("manage")}
      </Button>
      <Modal
        open={open}
        title={t("manageTitle", { centre })}
        footer={null}
        onCancel={() => setOpen(false)}
        destroyOnHidden
      >
        <Manage centre={centre} />
      </Modal>
    </>
  );
}

function Manage({ centre }: { readonly centre: string }) {
  const { t } = useTranslation("centres");
  const queries = useQueryClient();
  const { data, error } = useQuery(intakeQuery(centre));
  const settled = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: centresQuery.queryKey }),
      queries.invalidateQueries({ queryKey: intakeQuery(centre).queryKey }),
    ]);
  const take = useMutation({
    mutationFn: (step: Step) => ask("setIntake", { params: { centre }, body: { step } }),
    onSettled: settled,
  });
  const rotate = useMutation({ mutationFn: () => ask("askRotation", { params: { centre }, body: {} }) });
  const revoke = useMutation({
    mutationFn: () => ask("revokeCredentials", { params: { centre } }),
    onSettled: settled,
  });
  if (error) return <Problem error={error} />;
  if (!data) return <div style={{ height: 240 }} />;
  const trouble = take.error ?? rotate.error ?? revoke.error;
  return (
    <>
      <p>
        {t("nowIs")} <strong>{t(`intake.${data.intake}`)}</strong>
        {data.intake === "left" ? null : ` · ${t("there", { waiting: data.waiting, running: data.running })}`}
      </p>
      {trouble ? <Problem error={trouble} /> : null}
      <div className={css.steps}>
        {data.steps.map(({ step, consequences }) => (
          <Choice
            key={step}
            label={t(`step.${step}`)}
            words={consequences}
            asks={step === "leave"}
            busy={take.isPending}
            act={() => take.mutate(step)}
          />
        ))}
        {data.intake === "left" ? null : (
          <>
            <Choice
              label={t("rotate")}
              words={[rotate.isSuccess ? t("rotated") : t("rotateWords")]}
              asks={false}
              busy={rotate.isPending}
              act={() => rotate.mutate()}
            />
            <Choice
              label={t("revoke")}
              words={[revoke.data ? t("revoked", { count: revoke.data.credentials }) : t("revokeWords")]}
              asks
              busy={revoke.isPending}
              act={() => revoke.mutate()}
            />
          </>
        )}
      </div>
      <History history={data.history} />
    </>
  );
}

type ChoiceContent = {
  readonly label: string;
  readonly words: readonly string[];
  /** What cannot be taken back asks once more. */
  readonly asks: boolean;
  readonly busy: boolean;
  readonly act: () => void;
};

function Choice({ label, words, asks, busy, act }: ChoiceContent) {
  const { t } = useTranslation(["centres", "words"]);
  const button: ReactNode = (
    <Button danger={asks} loading={busy} {...(!asks && { onClick: act })}>
      {label}
    </Button>
  );
  return (
    <>
      <div>
        {asks ? (
          <Popconfirm title={t("sure", { what: label })} okText={label} cancelText={t("words:cancel")} onConfirm={act}>
            {button}
          </Popconfirm>
        ) : (
          button
        )}
      </div>
      <div>
        {words.map((sentence) => (
          <p key={sentence} className={css.consequence}>
            {sentence}
          </p>
        ))}
      </div>
    </>
  );
}

function History({ history }: { readonly history: Answer<"intake">["history"] }) {
  const { t } = useTranslation("centres");
  const format = useFormat();
  if (history.length === 0) return null;
  return (
    <>
      <h3 className={css.sub}>{t("history")}</h3>
      <ul className={css.history}>
        {history.map(({ step, by, atMs }) => (
          <li key={`${atMs} ${step}`}>
            {format.dateTime(atMs)} · {stepWord(step)} · {by ?? t("theNetwork")}
          </li>
        ))}
      </ul>
    </>
  );

  /** A later Weir may know further steps. */
  function stepWord(step: string): string {
    const known = namedSteps.find((one) => one === step);
    return known ? t(`step.${known}`) : step;
  }
}

const namedSteps = ["drain", "suspend", "resume", "leave", "part", "revoke"] as const;
