import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Modal } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobDetail, TaskDetail } from "#api/job.ts";
import { cancellable } from "#core/job/state.ts";
import { ask } from "../../app/client.ts";
import { Problem } from "../../parts/notice.tsx";
import { useFormat } from "../../words/use.ts";

/** Of the whole job, or of the chosen task of an array; there only while core's table says that it does something. */
export function CancelButton({ job, task }: { readonly job: JobDetail; readonly task: TaskDetail | null }) {
  const { t } = useTranslation("job");
  const format = useFormat();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const cancel = useMutation({
    mutationFn: () => ask("cancel", { params: { job: job.id }, body: task ? { index: task.index } : {} }),
    onSuccess: async () => {
      setAsking(false);
      await queries.invalidateQueries({ queryKey: ["job", job.id] });
    },
  });
  const can = job.actions.cancel && cancellable.includes(task ? task.state : job.state);
  if (!can) return null;
  const runs = task
    ? task.state === "starting" || task.state === "running"
    : job.counts.starting + job.counts.running > 0;
  const names = { job: job.id, index: task?.index ?? 0 };
  return (
    <>
      <Button danger onClick={() => setAsking(true)}>
        {task ? t("cancel.task", names) : t("cancel.job")}
      </Button>
      <Modal
        open={asking}
        title={task ? t("cancel.titleTask", names) : t("cancel.title", names)}
        okText={t("cancel.yes")}
        cancelText={t("cancel.no")}
        okButtonProps={{ danger: true }}
        confirmLoading={cancel.isPending}
        onOk={() => cancel.mutate()}
        onCancel={() => setAsking(false)}
      >
        <p>{t(runs ? "cancel.words" : "cancel.wordsWaiting", { grace: format.duration(job.spec.graceS * 1000) })}</p>
        {cancel.error ? <Problem error={cancel.error} /> : null}
      </Modal>
    </>
  );
}
