import { useQueryClient } from "@tanstack/react-query";
import { Form, Input } from "antd";
import { useTranslation } from "react-i18next";
import type { JobDetail, TaskDetail } from "#api/job.ts";
import { ask } from "../../app/client.ts";
import { FormDialog } from "../../parts/dialog.tsx";

/**
 * For an administrator, while runs of the job, or of the chosen task of an array, are at a centre that cannot be reached, or
 * were asked to end at one that lets nobody act as their local user.
 */
export function DeclareLostButton({ job, task }: { readonly job: JobDetail; readonly task: TaskDetail | null }) {
  const { t } = useTranslation("job");
  const queries = useQueryClient();
  const isUnseen = task?.runs.at(-1)?.cancelling?.waitsFor === "let-in";
  const can = job.actions.declareLost && (task === null || task.unreachableSinceMs !== null || isUnseen);
  if (!can) return null;
  const names = { job: job.id, index: task?.index ?? 0 };
  return (
    <FormDialog<{ reason: string }, unknown>
      look="danger"
      label={task ? t("lost.task", names) : t("lost.job")}
      title={task ? t("lost.titleTask", names) : t("lost.title", names)}
      submit={({ reason }) =>
        ask("declareLost", { params: { job: job.id }, body: { reason, ...(task && { index: task.index }) } })
      }
      onSettled={() => queries.invalidateQueries({ queryKey: ["job", job.id] })}
    >
      <p>{t("lost.words")}</p>
      <Form.Item name="reason" label={t("lost.reason")} rules={[{ required: true, message: t("lost.needReason") }]}>
        <Input.TextArea maxLength={500} rows={2} autoFocus />
      </Form.Item>
    </FormDialog>
  );
}
