import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Answer } from "#api/client.ts";
import { palettes } from "../../app/palettes.ts";
import { useTheme } from "../../app/theme.ts";
import type { UsageBy } from "./search.ts";

use([BarChart, GridComponent, LegendComponent, SVGRenderer, TooltipComponent]);

/** Core-hours and card-hours never share an axis: they are different things. The table below has every number. */
export function UsageChart({ rows, by }: { readonly rows: Answer<"usage">["rows"]; readonly by: UsageBy }) {
  const { t } = useTranslation("usage");
  const { theme } = useTheme();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const colours = palettes[theme];
    const shown = by === "day" ? rows.slice(-62) : rows.slice(0, 12);
    const hasCards = shown.some((row) => row.amounts.milliCardMs !== "0");
    const axis = {
      axisLine: { lineStyle: { color: colours["line-strong"] } },
      axisLabel: { color: colours["ink-soft"] },
    };
    const scale = (name: string, right: boolean) => ({
      type: "value" as const,
      name,
      nameTextStyle: { color: colours["ink-soft"], align: right ? ("right" as const) : ("left" as const) },
      axisLabel: { color: colours["ink-soft"] },
      splitLine: { show: !right, lineStyle: { color: colours.line } },
      minInterval: 0.001,
    });
    const bars = (name: string, colour: string, yAxisIndex: number, values: readonly number[]) => ({
      type: "bar" as const,
      name,
      yAxisIndex,
      data: [...values],
      itemStyle: { color: colour, borderRadius: [3, 3, 0, 0] as [number, number, number, number] },
      barMaxWidth: 32,
    });
    const chart = init(element, null, { renderer: "svg" });
    chart.setOption({
      animationDuration: 250,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 8, top: hasCards ? 4 : 10, bottom: hasCards ? 30 : 4, outerBoundsMode: "same" },
      tooltip: {
        trigger: "axis",
        backgroundColor: colours.raised,
        borderColor: colours.line,
        textStyle: { color: colours.ink },
        valueFormatter: (value: unknown) => (typeof value === "number" ? String(Number(value.toPrecision(6))) : "–"),
      },
      ...(hasCards && { legend: { bottom: 0, textStyle: { color: colours["ink-soft"] } } }),
      xAxis: { type: "category", data: shown.map((row) => row.key), ...axis, axisTick: { show: false } },
      // Of one axis the panel's title is the name.
      yAxis: [scale(hasCards ? t("coreHours") : "", false), ...(hasCards ? [scale(t("cardHours"), true)] : [])],
      series: [
        bars(
          t("coreHours"),
          colours["bar-cores"],
          0,
          shown.map((row) => Number(row.amounts.coreMs) / 3_600_000),
        ),
        ...(hasCards
          ? [
              bars(
                t("cardHours"),
                colours["bar-cards"],
                1,
                shown.map((row) => Number(row.amounts.milliCardMs) / 3_600_000_000),
              ),
            ]
          : []),
      ],
    });
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [rows, by, theme, t]);
  return <div ref={box} style={{ height: 260 }} role="img" aria-label={t("chart")} />;
}
