import { useState } from "react";
import { useTranslation } from "react-i18next";
import css from "./copy.module.css";
import { Icon } from "./icons.tsx";

/** A line one can copy whole: a command, a secret, a link. */
export function CopyLine({ text, prompt = true }: { readonly text: string; readonly prompt?: boolean }) {
  return (
    <div className={css.line}>
      <code className={prompt ? css.command : css.text}>{text}</code>
      <CopyButton text={text} />
    </div>
  );
}

export function CopyButton({ text }: { readonly text: string }) {
  const { t } = useTranslation("words");
  const [copied, setCopied] = useState(false);
  async function copy() {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  }
  return (
    <button type="button" className={css.button} onClick={copy} aria-label={t("copy")} title={t("copy")}>
      <Icon name={copied ? "done" : "copy"} size={14} />
      <span className="only-read" aria-live="polite">
        {copied ? t("copied") : ""}
      </span>
    </button>
  );
}

/** The clipboard interface is kept from pages served by plain HTTP from elsewhere; there the old way still works. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
