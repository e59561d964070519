// Draws the charts of the page; each says in data-chart what it shows, and has its table below.
const TEXT_PX = 12;
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const drawn = [];

/** The page's own colours, resolved for the present scheme. */
function colours() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const found = {};
  for (const name of ["ink", "soft", "line", "edge", "panel", "raised", "accent", "good", "doubt", "bad", "info"]) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

const percent = (value) => `${Math.round(value * 100)} %`;
const plain = (value) => (value === null || value === undefined ? "–" : `${Math.round(value * 1000) / 1000}`);

function base(c, spec) {
  return {
    animation: !still,
    animationDuration: 300,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: c.soft },
    grid: { left: 8, right: 14, top: 30, bottom: 4, containLabel: true },
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true,
      backgroundColor: c.raised, borderColor: c.line, textStyle: { color: c.ink, fontSize: TEXT_PX },
      valueFormatter: spec.percent ? (v) => (v === null || v === undefined ? "–" : percent(v)) : plain,
      axisPointer: { lineStyle: { color: c.edge } },
    },
    legend: { show: (spec.series?.length ?? 0) > 1, top: 0, left: 0, itemWidth: 12, itemHeight: 8, textStyle: { color: c.soft } },
  };
}

function axes(c, spec) {
  const label = { color: c.soft, fontSize: TEXT_PX, hideOverlap: true };
  return {
    category: (data, extra = {}) => ({
      type: "category", data, axisLabel: { ...label, ...extra }, axisTick: { show: false }, axisLine: { lineStyle: { color: c.line } },
    }),
    value: (extra = {}) => ({
      type: "value", axisLabel: { ...label, formatter: spec.percent ? percent : undefined },
      splitLine: { lineStyle: { color: c.line } }, ...extra,
    }),
  };
}

const KINDS = {
  lines(c, spec) {
    const axis = axes(c, spec);
    return {
      ...base(c, spec),
      xAxis: axis.category(spec.x),
      yAxis: axis.value({ min: spec.low ?? undefined, max: spec.high ?? undefined }),
      series: spec.series.map((one) => ({
        type: "line", name: one.name, data: one.values, color: c[one.colour], connectNulls: true,
        showSymbol: spec.x.length < 40, symbolSize: 6, lineStyle: { width: 2 }, areaStyle: { opacity: 0.1 },
      })),
    };
  },
  stacked(c, spec) {
    const axis = axes(c, spec);
    return {
      ...base(c, spec),
      xAxis: axis.category(spec.x),
      yAxis: axis.value(),
      series: spec.series.map((one) => ({
        type: "bar", stack: "all", name: one.name, data: one.values, color: c[one.colour], barMaxWidth: 28,
      })),
    };
  },
  bars(c, spec) {
    const axis = axes(c, spec);
    return {
      ...base(c, spec),
      xAxis: axis.value(),
      yAxis: { ...axis.category(spec.y, { width: 150, overflow: "truncate" }), inverse: true },
      series: spec.series.map((one) => ({
        type: "bar", stack: "all", name: one.name, data: one.values, color: c[one.colour], barMaxWidth: 24,
      })),
    };
  },
  intervals(c, spec) {
    const axis = axes(c, spec);
    const words = spec.percent ? percent : plain;
    const item = (params, api) => {
      const row = api.value(0);
      const [mid, low, high] = [1, 2, 3].map((at) => api.coord([api.value(at), row]));
      const helps = spec.zero ? (api.value(2) > 0 ? c.good : api.value(3) < 0 ? c.bad : c.soft) : c.accent;
      const stroke = { stroke: helps, lineWidth: 2 };
      const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: stroke });
      return { type: "group", children: [
        line(low[0], low[1], high[0], high[1]),
        line(low[0], low[1] - 5, low[0], low[1] + 5),
        line(high[0], high[1] - 5, high[0], high[1] + 5),
        { type: "circle", shape: { cx: mid[0], cy: mid[1], r: 4.5 }, style: { fill: helps } },
      ] };
    };
    return {
      ...base(c, spec),
      tooltip: { ...base(c, spec).tooltip, trigger: "item", formatter: ({ data }) => `${spec.y[data[0]]}\n${words(data[1])} (${words(data[2])} to ${words(data[3])})` },
      xAxis: axis.value({ scale: !spec.zero, ...(spec.percent ? { min: 0, max: 1 } : {}) }),
      yAxis: { ...axis.category(spec.y, { width: 170, overflow: "truncate" }), inverse: true },
      series: [{
        type: "custom", renderItem: item, encode: { x: [1, 2, 3], y: 0 },
        data: spec.values.map(([mid, low, high], row) => [row, mid, low, high]),
        markLine: spec.zero ? { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: c.edge, type: "dashed" }, data: [{ xAxis: 0 }] } : undefined,
      }],
    };
  },
  heat(c, spec) {
    const axis = axes(c, spec);
    return {
      ...base(c, spec),
      grid: { left: 8, right: 14, top: 8, bottom: 4, containLabel: true },
      tooltip: { ...base(c, spec).tooltip, trigger: "item", formatter: ({ data }) => `${spec.y[data[1]]}\n${spec.x[data[0]]}: ${percent(data[2])}` },
      xAxis: axis.category(spec.x, { rotate: 35, hideOverlap: false }),
      yAxis: { ...axis.category(spec.y, { width: 190, overflow: "truncate" }), inverse: true },
      visualMap: { show: false, min: 0, max: Math.max(0.05, ...spec.cells.map((cell) => cell[2])), inRange: { color: [c.panel, c.bad] } },
      series: [{
        type: "heatmap", data: spec.cells, itemStyle: { borderColor: c.panel, borderWidth: 2, borderRadius: 4 },
        label: { show: true, fontSize: 11, color: c.ink, formatter: ({ data }) => (data[2] >= 0.005 ? percent(data[2]) : "") },
      }],
    };
  },
};

function height(spec) {
  if (spec.kind === "intervals" || spec.kind === "bars") return Math.max(120, spec.y.length * 30 + 60);
  if (spec.kind === "heat") return Math.max(150, spec.y.length * 34 + 110);
  return 240;
}

function draw() {
  const c = colours();
  for (const chart of drawn.splice(0)) chart.dispose();
  for (const box of document.querySelectorAll("[data-chart]")) {
    const spec = JSON.parse(box.dataset.chart);
    box.style.height = `${height(spec)}px`;
    const chart = window.echarts.init(box, null, { renderer: "canvas" });
    chart.setOption(KINDS[spec.kind](c, spec));
    drawn.push(chart);
  }
}

if (window.echarts && document.querySelector("[data-chart]")) {
  draw();
  document.body.addEventListener("tower:theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let later = 0;
  addEventListener("resize", () => {
    clearTimeout(later);
    later = setTimeout(() => drawn.forEach((chart) => chart.resize()), 120);
  });
}

const filters = document.getElementById("filters");
filters.addEventListener("change", () => filters.requestSubmit());
filters.addEventListener("submit", () => {
  for (const field of filters.elements) if (field.name && !field.value) field.disabled = true;
});
addEventListener("pageshow", () => {
  for (const field of filters.elements) field.disabled = false;
});
