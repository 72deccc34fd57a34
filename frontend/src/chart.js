// Draws the series of a figure[data-chart] with ECharts, in the page's own colours; the table beside it says the same.
import { LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

const DASHES = ["solid", "dashed"];

function options(figure) {
  const { at, series } = JSON.parse(figure.dataset.chart);
  const look = getComputedStyle(figure);
  const colour = (name) => look.getPropertyValue(name).trim();
  const text = { color: colour("--ink-2"), fontFamily: look.fontFamily, fontSize: 13 };
  const line = { lineStyle: { color: colour("--line") } };
  return {
    animation: false,
    color: [colour("--accent"), colour("--ink-3")],
    textStyle: text,
    grid: { left: 8, right: 16, top: 40, bottom: 8, containLabel: true },
    legend: { left: 0, top: 0, textStyle: text, itemWidth: 24, icon: "path://M0 0h24v3H0z" },
    tooltip: { trigger: "axis", renderMode: "richText" }, // HTML would need styles that the page's policy refuses
    xAxis: { type: "category", data: at, boundaryGap: false, axisLine: line, axisTick: { show: false }, axisLabel: text },
    yAxis: { type: "value", minInterval: 1, splitLine: line, axisLabel: text },
    series: series.map(({ name, values }, place) => ({
      name,
      type: "line",
      data: values,
      showSymbol: at.length === 1,
      lineStyle: { width: 2, type: DASHES[place] },
    })),
  };
}

for (const figure of document.querySelectorAll("[data-chart]")) {
  const chart = init(figure, null, { renderer: "svg" });
  chart.setOption(options(figure));
  new ResizeObserver(() => chart.resize()).observe(figure);
  const redraw = () => chart.setOption(options(figure));
  new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}
