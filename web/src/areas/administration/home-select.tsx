import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useTranslation } from "react-i18next";
import { centreName } from "../../words/centre-name.ts";
import { centresQuery } from "../centres/queries.ts";
import { both } from "./both.ts";

/** The centre whose own users a tenant's people are; a field of a form, or one by itself. */
export function HomeSelect({ id, value = null, onChange }: HomeContent) {
  const { t } = useTranslation("administration");
  const centres = useQuery(centresQuery);
  return (
    <Select
      {...(id !== undefined && { id })}
      allowClear
      placeholder={t("noHome")}
      value={value}
      onChange={(home: string | null | undefined) => onChange?.(home)}
      options={(centres.data?.centres ?? []).map((centre) => ({
        value: centre.id,
        label: both(centre.id, centreName(centre)),
      }))}
    />
  );
}

type HomeContent = {
  readonly id?: string;
  readonly value?: string | null;
  readonly onChange?: (home: string | null | undefined) => void;
};
