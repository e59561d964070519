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

function base(c) {
  return {
    animation: !still,
    animationDuration: 300,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: c.soft },
    grid: { left: 8, right: 14, top: 12, bottom: 4, containLabel: true },
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
      ...base(c),
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
      ...base(c),
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
      ...base(c),
      xAxis: axis.value(),
      yAxis: { ...axis.category(spec.y, { width: 150, overflow: "truncate" }), inverse: true },
      series: spec.series.map((one) => ({
        type: "bar", stack: "all", name: one.name, data: one.values, color: c[one.colour], barMaxWidth: 24,
      })),
    };
  },
};

function height(spec) {
  if (spec.kind === "bars") return Math.max(120, spec.y.length * 34 + 40);
  return 240;
}

// The small build of ECharts has no tooltips: what stands at the pointer is said in a box of ours.
const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
document.body.append(tip);

function say(chart, box, spec) {
  const across = spec.kind === "bars";
  const names = across ? spec.y : spec.x;
  const words = spec.percent ? percent : plain;
  chart.getZr().on("mousemove", ({ offsetX, offsetY }) => {
    const inside = chart.containPixel("grid", [offsetX, offsetY]);
    const at = inside ? chart.convertFromPixel("grid", [offsetX, offsetY])[across ? 1 : 0] : -1;
    tip.hidden = !inside || !(at in names);
    if (tip.hidden) return;
    const lines = spec.series.map((one) => `${one.name}: ${one.values[at] === null ? "–" : words(one.values[at])}`);
    tip.textContent = [names[at], ...lines].join("\n");
    const place = box.getBoundingClientRect();
    const left = Math.min(place.left + offsetX + 14, innerWidth - tip.offsetWidth - 8);
    tip.style.left = `${left + scrollX}px`;
    tip.style.top = `${place.top + offsetY + 14 + scrollY}px`;
  });
  chart.getZr().on("globalout", () => { tip.hidden = true; });
}

const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) window.echarts.getInstanceByDom(target)?.resize();
});

function draw() {
  const c = colours();
  for (const chart of drawn.splice(0)) chart.dispose();
  for (const box of document.querySelectorAll("[data-chart]")) {
    const spec = JSON.parse(box.dataset.chart);
    box.style.height = `${height(spec)}px`;
    const chart = window.echarts.init(box, null, { renderer: "canvas" });
    chart.setOption(KINDS[spec.kind](c, spec));
    say(chart, box, spec);
    drawn.push(chart);
    watcher.observe(box);
  }
}

if (window.echarts && document.querySelector("[data-chart]")) {
  draw();
  document.body.addEventListener("tower:theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

const filters = document.getElementById("filters");
filters.addEventListener("change", () => filters.requestSubmit());
filters.addEventListener("submit", () => {
  for (const field of filters.elements) if (field.name && !field.value) field.disabled = true;
});
addEventListener("pageshow", () => {
  for (const field of filters.elements) field.disabled = false;
});
