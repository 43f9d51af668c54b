// Draws option trees with ECharts, which is loaded when the first chart is mounted.
//
// What Rust cannot do under a strict content policy is done here: functions that ECharts calls to
// format numbers and to fill its tooltip, and colours, which canvas needs as rgb while the style
// sheet has them as variables. A string "var(--name)" anywhere in the tree becomes that colour.

let library; // one promise for all charts of the page

/** Mounts a chart. `number(value)` formats, `zoomed(from, to)` gets milliseconds since 1970,
 *  `drawn(true)` says that the fallback can go, `drawn(false)` that it has to come back. */
export function mount(host, url, number, zoomed, drawn) {
  const chart = new Chart(host, number, zoomed, drawn);
  library ??= import(url);
  library.then(
    (echarts) => chart.start(echarts),
    (error) => {
      library = undefined; // the next chart tries again
      console.warn("charts could not be loaded", error);
      drawn(false);
    },
  );
  return chart;
}

class Chart {
  constructor(host, number, zoomed, drawn) {
    Object.assign(this, { host, number, zoomed, drawn, points: new Map() });
    this.gone = false;
  }

  start(echarts) {
    if (this.gone) return;
    this.echarts = echarts;
    this.resize = new ResizeObserver(() => this.instance?.resize());
    this.resize.observe(this.host);
    // The theme is an attribute of <html>, or the system's.
    this.themed = new MutationObserver(() => this.draw(true));
    this.themed.observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["data-theme"],
    });
    this.system = matchMedia("(prefers-color-scheme: dark)");
    this.onSystem = () => this.draw(true);
    this.system.addEventListener("change", this.onSystem);
    this.drag = dragToZoom(this);
    this.draw(true);
    this.drawn(true);
  }

  /** The points of a line, as instant, value, instant, value. */
  line(id, pairs) {
    const points = [];
    for (let at = 0; at < pairs.length; at += 2) {
      points.push([pairs[at], Number.isNaN(pairs[at + 1]) ? null : pairs[at + 1]]);
    }
    this.points.set(id, points);
  }

  /** The tree around them, and the span of time, which is the points' own where it is NaN. */
  show(tree, from, to) {
    this.tree = JSON.parse(tree);
    this.span = Number.isNaN(from) ? {} : { min: from, max: to };
    if (this.echarts) this.draw(false);
  }

  draw(anew) {
    if (this.gone) return;
    if (anew) {
      this.instance?.dispose();
      this.colours = colours(this.host);
      this.instance = this.echarts.init(this.host, theme(this.colours), { renderer: "canvas" });
      let timer;
      this.instance.on("datazoom", () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          if (this.gone) return;
          const zoom = this.instance.getOption().dataZoom?.[0];
          if (zoom && Number.isFinite(zoom.startValue)) this.zoomed(zoom.startValue, zoom.endValue);
        }, 300);
      });
    }
    const replaceMerge = ["series", "xAxis", "yAxis", "grid", "dataZoom"];
    this.instance.setOption(this.dressed(), anew ? { notMerge: true } : { replaceMerge });
  }

  /** The tree with colours, formatters, and what every chart of the house has in common. */
  dressed() {
    const tree = paint(structuredClone(this.tree), this.colours);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    tree.animation = !still && (tree.animation ?? false);
    for (const axis of [tree.xAxis ?? []].flat()) Object.assign(axis, this.span);
    // The plot lies where the tree says, however long its labels are: what stands below it, on the
    // same time, has the same sides.
    for (const grid of [tree.grid ?? []].flat()) grid.outerBoundsMode = "none";
    for (const axis of [tree.yAxis ?? []].flat()) {
      const inside = { inside: true, margin: 0, verticalAlign: "bottom", padding: [0, 0, 3, 0] };
      axis.axisLabel = { formatter: this.number, ...inside, ...axis.axisLabel };
    }
    for (const series of [tree.series ?? []].flat()) {
      series.data = this.points.get(series.id) ?? series.data;
      // What the tooltip's dot and a hovered point are coloured with.
      const own = series.areaStyle?.color ?? series.lineStyle?.color;
      if (own) series.itemStyle = { color: own, ...series.itemStyle };
      if (series.id?.startsWith("band")) {
        // Otherwise a span would not stand on a low end under zero.
        series.stackStrategy = "all";
        series.silent = true;
        series.z = 1;
      }
    }
    for (const zoom of [tree.dataZoom ?? []].flat()) {
      // The wheel belongs to the page unless Ctrl is held; dragging selects.
      zoom.zoomOnMouseWheel ??= "ctrl";
      zoom.moveOnMouseMove ??= false;
      zoom.moveOnMouseWheel ??= "shift";
    }
    const marks = [tree.series ?? []].flat()
      .flatMap((series) => (series.id?.startsWith("marks.") ? series.markLine?.data ?? [] : []));
    tree.tooltip = {
      trigger: "axis",
      confine: true,
      transitionDuration: 0,
      className: "chart-tip",
      axisPointer: { type: "line", label: { show: false } },
      ...tree.tooltip,
      formatter: (params) => tip([params].flat(), this.number, this.near(marks, params)),
    };
    return tree;
  }

  /** The marks a finger's breadth from where the pointer is. */
  near(marks, params) {
    const at = [params].flat()[0]?.axisValue;
    const pixel = (instant) => this.instance.convertToPixel({ xAxisIndex: 0 }, instant);
    return marks.filter((mark) => Math.abs(pixel(mark.xAxis) - pixel(at)) < 6);
  }

  dispose() {
    this.gone = true;
    this.resize?.disconnect();
    this.themed?.disconnect();
    this.system?.removeEventListener("change", this.onSystem);
    this.drag?.();
    this.instance?.dispose();
  }
}

const when = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", year: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});

/** The tooltip as elements, never as text to be parsed: names come from files and senders.
 *  "band80.low" and "band80.span" are one line, from the low end to low plus span. */
function tip(params, number, marks) {
  const box = element("div", "chart-tip-box");
  const at = params[0]?.axisValue ?? params[0]?.value?.[0];
  const instant = typeof at === "number" || /^\d{4}-/.test(at ?? "");
  box.append(element("div", "chart-tip-time", instant ? when.format(new Date(at)) : String(at ?? "")));
  const value = (param) => {
    const raw = Array.isArray(param?.value) ? param.value[1] : param?.value;
    return typeof raw === "number" && Number.isFinite(raw) ? raw : undefined;
  };
  const byId = new Map(params.map((param) => [param.seriesId, param]));
  // Lines first, then the bands from narrow to wide.
  const rank = (param) => /^band\d/.test(param.seriesId ?? "") ? param.seriesId : "";
  for (const param of params.toSorted((a, b) => rank(a).localeCompare(rank(b)))) {
    const band = /^band(\d+)\.(low|span)$/.exec(param.seriesId ?? "");
    if (band?.[2] === "span") continue;
    const first = value(param);
    if (first === undefined) continue;
    const row = element("div", "chart-tip-row");
    const dot = element("span", "chart-tip-dot");
    // Set through the object model, which the content policy allows.
    const shown = band ? byId.get(`band${band[1]}.span`) : param;
    dot.style.backgroundColor = typeof shown?.color === "string" ? shown.color : "";
    row.append(dot);
    if (band) {
      const span = value(byId.get(`band${band[1]}.span`));
      if (span === undefined) continue;
      row.append(element("span", "chart-tip-name", `${band[1]} % band`));
      row.append(element("span", "chart-tip-value", `${number(first)} – ${number(first + span)}`));
    } else {
      row.append(element("span", "chart-tip-name", param.seriesName));
      row.append(element("span", "chart-tip-value", number(first)));
    }
    box.append(row);
  }
  for (const mark of marks) box.append(element("div", "chart-tip-mark", mark.name));
  return box;
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Dragging over the plot selects a span of time, as in every instrument. Returns its undoing. */
function dragToZoom(chart) {
  const { host } = chart;
  const shade = element("div", "chart-drag");
  shade.hidden = true;
  host.parentElement.append(shade);
  let from;
  const inside = (event) => event.clientX - host.getBoundingClientRect().left;
  const down = (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const y = event.clientY - host.getBoundingClientRect().top;
    if (chart.instance.containPixel({ gridIndex: 0 }, [inside(event), y])) from = inside(event);
  };
  const move = (event) => {
    if (from === undefined) return;
    const to = inside(event);
    shade.hidden = Math.abs(to - from) < 4;
    shade.style.left = `${Math.min(from, to)}px`;
    shade.style.width = `${Math.abs(to - from)}px`;
  };
  const up = (event) => {
    if (from === undefined) return;
    const ends = [from, inside(event)].sort((a, b) => a - b);
    from = undefined;
    shade.hidden = true;
    if (ends[1] - ends[0] < 4) return;
    const [start, end] = ends.map((x) => chart.instance.convertFromPixel({ xAxisIndex: 0 }, x));
    if (Number.isFinite(start) && end > start) chart.zoomed(Math.round(start), Math.round(end));
  };
  host.addEventListener("pointerdown", down);
  addEventListener("pointermove", move);
  addEventListener("pointerup", up);
  return () => {
    host.removeEventListener("pointerdown", down);
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", up);
    shade.remove();
  };
}

/** Replaces "var(--name)" by the theme's colour, all over the tree. */
function paint(node, colours) {
  for (const [key, value] of Object.entries(node)) {
    if (typeof value === "string" && value.startsWith("var(--")) node[key] = colours(value);
    // Points are numbers: skip the thousands of them.
    else if (value && typeof value === "object" && typeof value[0] !== "number"
      && !(key === "data" && Array.isArray(value[0]))) paint(value, colours);
  }
  return node;
}

/** A function from "var(--name)" to rgb, whatever colour space the style sheet uses. */
function colours(host) {
  const probe = host.parentElement.appendChild(element("span", "sr-only"));
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const font = getComputedStyle(host).fontFamily;
  const colour = (name) => {
    if (!known.has(name)) {
      host.parentElement.append(probe);
      probe.style.color = name;
      pixel.clearRect(0, 0, 1, 1);
      pixel.fillStyle = getComputedStyle(probe).color;
      pixel.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
      probe.remove();
      known.set(name, `rgba(${r},${g},${b},${(a / 255).toFixed(3)})`);
    }
    return known.get(name);
  };
  probe.remove();
  return Object.assign(colour, { font });
}

function theme(colours) {
  const line = colours("var(--line)");
  const muted = colours("var(--muted)");
  const axis = {
    axisLine: { lineStyle: { color: line } },
    axisTick: { lineStyle: { color: line } },
    axisLabel: { color: muted, fontSize: 11, hideOverlap: true },
    splitLine: { lineStyle: { color: line } },
    nameTextStyle: { color: muted },
  };
  return {
    color: [1, 2, 3, 4, 5, 6, 7, 8].map((index) => colours(`var(--series-${index})`)),
    backgroundColor: "transparent",
    textStyle: { fontFamily: colours.font, color: colours("var(--ink)") },
    timeAxis: { ...axis, splitLine: { show: false } },
    valueAxis: { ...axis, axisLine: { show: false }, axisTick: { show: false } },
    categoryAxis: { ...axis, splitLine: { show: false } },
    logAxis: axis,
    line: { symbol: "none", lineStyle: { width: 1.5 } },
    tooltip: {
      backgroundColor: colours("var(--surface)"),
      borderColor: colours("var(--line-strong)"),
      borderWidth: 1,
      padding: [8, 10],
      textStyle: { color: colours("var(--ink)"), fontSize: 12 },
      axisPointer: { lineStyle: { color: muted, type: "solid" } },
    },
  };
}
