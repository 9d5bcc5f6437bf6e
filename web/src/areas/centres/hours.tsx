import { Button, Checkbox, Input } from "antd";
import { useTranslation } from "react-i18next";
import { weekdays } from "#core/scheduling/reasons.ts";
import { language } from "../../app/language.ts";
import { Icon } from "../../parts/icons.tsx";
import css from "./centres.module.css";
import { firstHours, type Hours, withHours } from "./terms-draft.ts";

/** When work may be started somewhere: none of them, at any time. */
export function HoursEditor({ hours, disabled = false, onHours }: EditorContent) {
  const { t } = useTranslation("centres");
  return (
    <>
      {hours.length === 0 ? <p className="soft">{t("terms.always")}</p> : null}
      {hours.map((one, at) => (
        <HoursFields
          // biome-ignore lint/suspicious/noArrayIndexKey: spans have no name but their place
          key={at}
          place={at + 1}
          hours={one}
          disabled={disabled}
          onChange={(change) => onHours(withHours(hours, at, change))}
        />
      ))}
      <p>
        <Button size="small" disabled={disabled} onClick={() => onHours([...hours, firstHours])}>
          {t("terms.addHours")}
        </Button>
      </p>
    </>
  );
}

type EditorContent = {
  readonly hours: readonly Hours[];
  readonly disabled?: boolean;
  readonly onHours: (hours: Hours[]) => void;
};

type HoursContent = {
  readonly place: number;
  readonly hours: Hours;
  readonly disabled: boolean;
  readonly onChange: (change: Partial<Hours> | null) => void;
};

function HoursFields({ place, hours, disabled, onChange }: HoursContent) {
  const { t } = useTranslation("centres");
  const names = weekdays[language()];
  return (
    <div className={css.hours}>
      <Checkbox.Group
        disabled={disabled}
        value={hours.days}
        onChange={(days) => onChange({ days: [...days].sort() })}
        options={names.map((name, at) => ({ value: at + 1, label: language() === "zh" ? name : name.slice(0, 3) }))}
      />
      <span className={css.times}>
        <Input
          aria-label={t("terms.from", { place })}
          disabled={disabled}
          value={hours.from}
          onChange={({ target }) => onChange({ from: target.value })}
        />
        –
        <Input
          aria-label={t("terms.to", { place })}
          disabled={disabled}
          value={hours.to}
          onChange={({ target }) => onChange({ to: target.value })}
        />
        <Button
          type="text"
          aria-label={t("terms.dropHours", { place })}
          icon={<Icon name="close" />}
          disabled={disabled}
          onClick={() => onChange(null)}
        />
      </span>
    </div>
  );
}
