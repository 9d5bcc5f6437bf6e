import { Button, Checkbox } from "antd";
import { type DragEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { limits } from "#api/limits.ts";
import { bytesText } from "#core/measures.ts";
import { Icon } from "../../parts/icons.tsx";
import { Notice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/page.tsx";
import type { DraftFile } from "./draft.ts";
import css from "./submit.module.css";

/** Small files that travel with the job. */
export function InputFiles({ files, onFiles }: FilesContent) {
  const { t } = useTranslation("submit");
  const chooser = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [tooLarge, setTooLarge] = useState<string | null>(null);
  const used = files.reduce((sum, file) => sum + file.bytes, 0);
  const size = bytesText(limits.inputFilesBytes);

  async function add(chosen: Iterable<File>) {
    setTooLarge(null);
    let all = [...files];
    for (const file of chosen) {
      const others = all.filter((one) => one.path !== file.name);
      if (others.reduce((sum, one) => sum + one.bytes, file.size) > limits.inputFilesBytes) {
        setTooLarge(file.name);
        continue;
      }
      const executable = /\.(sh|bash|py|pl)$/.test(file.name);
      all = [...others, { path: file.name, bytes: file.size, contentBase64: await base64Of(file), executable }];
    }
    onFiles(all);
  }
  function onDrop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    void add(event.dataTransfer.files);
  }
  return (
    <Panel title={t("files.title")} extra={t("files.used", { used: bytesText(used), size })}>
      {tooLarge === null ? null : <Notice kind="bad" title={t("files.tooLarge", { name: tooLarge, size })} />}
      <button
        type="button"
        className={css.drop}
        data-over={over || undefined}
        onClick={() => chooser.current?.click()}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <Icon name="file" /> {t("files.drop")}
        <span className="faint">{t("files.note", { size })}</span>
      </button>
      <input
        ref={chooser}
        type="file"
        multiple
        hidden
        data-for="input-files"
        onChange={(event) => {
          void add([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <ul className={css.fileList}>
        {files.map((file) => (
          <li key={file.path}>
            <code>{file.path}</code>
            <span className="soft nowrap">{bytesText(file.bytes)}</span>
            <Checkbox
              checked={file.executable}
              onChange={(event) =>
                onFiles(files.map((one) => (one === file ? { ...file, executable: event.target.checked } : one)))
              }
            >
              {t("files.executable")}
            </Checkbox>
            <Button
              size="small"
              type="text"
              aria-label={t("files.remove", { name: file.path })}
              icon={<Icon name="close" size={14} />}
              onClick={() => onFiles(files.filter((one) => one !== file))}
            />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

type FilesContent = {
  readonly files: readonly DraftFile[];
  readonly onFiles: (files: readonly DraftFile[]) => void;
};

function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => {
      const url = typeof reader.result === "string" ? reader.result : "";
      resolve(url.slice(url.indexOf(",") + 1));
    };
    reader.onerror = () => reject(reader.error ?? new Error(file.name));
    if (file.size === 0) resolve("");
    else reader.readAsDataURL(file);
  });
}
