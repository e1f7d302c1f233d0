// One chart: values, what is normal, and when the alarm stood.
function points(c) {
  const bad = new Set(c.violating);
  let at = 0;
  return c.at.map((step, i) => ({ at: at += step, value: c.values[i], limit: c.limits[i] ?? c.limit, violating: bad.has(i) }));
}

// Lines do not run on through silence.
function path(all, x, y, pick) {
  const steps = all.slice(1).map((p, i) => p.at - all[i].at).sort((a, b) => a - b);
  const gap = 4 * (steps[steps.length >> 1] ?? 0);
  let line = "", last = null;
  for (const p of all) {
    const value = pick(p);
    if (value === null || value === undefined) { last = null; continue; }
    line += (last !== null && p.at - last <= gap ? "L" : "M") + x(p.at).toFixed(1) + " " + y(value).toFixed(1);
    last = p.at;
  }
  return line;
}

function plot(svg, c, all) {
  svg.replaceChildren();
  const W = Math.max(svg.clientWidth, 280), H = W < 560 ? 170 : 200, R = 10, T = 12, B = 24;
  svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
  svg.setAttribute("height", H);
  const seen = all.flatMap(p => p.limit === null || p.limit === undefined ? [p.value] : [p.value, p.limit]);
  const high = seen.reduce((a, b) => Math.max(a, b), 0), low = seen.reduce((a, b) => Math.min(a, b), 0);
  const whole = seen.every(Number.isInteger) ? 1 : 0;
  const values = valueTicks(low, high > low ? high : low + 1, 4, whole), top = values[values.length - 1], floor = values[0];
  const L = 14 + Math.max(...values.map(v => short(v).length)) * 7;
  const [from, to] = data.range, x = at => L + (to > from ? (at - from) / (to - from) : 0.5) * (W - L - R);
  const y = v => T + (top - v) / (top - floor) * (H - T - B);
  for (const v of values) {
    draw(svg, "line", { x1: L, x2: W - R, y1: y(v), y2: y(v), class: "grid" });
    draw(svg, "text", { x: L - 8, y: y(v) + 4, "text-anchor": "end" }, short(v));
  }
  timeTicks(data.range, Math.min(8, (W - L - R) / 84)).forEach((at, i) => {
    const anchor = x(at) < L + 30 ? "start" : x(at) > W - R - 30 ? "end" : "middle";
    draw(svg, "text", { x: x(at), y: H - 6, "text-anchor": anchor }, tickText(at, i === 0));
  });
  for (const [raised, ended] of c.alarms) {
    draw(svg, "rect", { x: x(raised), y: T, width: Math.max(x(ended ?? to) - x(raised), 2), height: H - T - B, class: "band" });
    if (c.alarms.length < W / 16) draw(svg, "line", { x1: x(raised), x2: x(raised), y1: T, y2: H - B, class: "edge" });
  }
  if (c.limit !== null) draw(svg, "line", { x1: L, x2: W - R, y1: y(c.limit), y2: y(c.limit), class: "limit" });
  else draw(svg, "path", { d: path(all, x, y, p => p.limit), class: "limit" });
  draw(svg, "path", { d: path(all, x, y, p => p.value), class: "value" });
  for (const p of all) {
    if (p.violating) draw(svg, "circle", { cx: x(p.at), cy: y(p.value), r: c.violating.length > W / 12 ? 2.2 : 3.6, class: "violating" });
    else if (all.length < W / 6) draw(svg, "circle", { cx: x(p.at), cy: y(p.value), r: 1.8, class: "dot" });
  }
  const above = c.limit !== null && y(c.limit) > T + 18;
  if (c.limit !== null) draw(svg, "text", { x: W - R, y: y(c.limit) + (above ? -5 : 14), "text-anchor": "end", class: "limit" }, "normal: " + c.normal);
  return { x, y, L, R, W, T, bottom: H - B, from, to };
}

function reading(c, p) {
  const limit = c.limit === null && p.limit !== null && p.limit !== undefined ? ", against " + number(p.limit) : "";
  return time(p.at) + " UTC\n" + number(p.value) + (c.unit ? " " + c.unit : "") + limit + (p.violating ? ": violating" : ": normal");
}

function chart(c, position) {
  const box = node(page, "section", null, "card chart"), head = node(box, "header"), all = points(c);
  box.id = "chart-" + (position + 1);
  node(head, "span", c.device, "name");
  node(head, "span", behaviorName(c));
  node(head, "span", c.metric + (c.unit ? ", " + c.unit : "") + (c.limit === null ? ". Normal: " + c.normal : ""), "soft");
  const svg = draw(box, "svg", { role: "img", tabindex: "0" });
  const highest = all.reduce((a, b) => b.value > a.value ? b : a, all[0] ?? { value: 0, at: 0 });
  svg.setAttribute("aria-label", `${c.device}, ${c.metric}: ${count(all.length, "value")}, ${number(c.violating.length)} of them not normal; `
    + `highest ${number(highest.value)} at ${time(highest.at)} UTC. Arrow keys read the values.`);
  let shape = plot(svg, c, all), cursor = null, current = null;
  const show = (p, clientX, clientY) => {
    cursor?.remove();
    cursor = draw(svg, "line", { x1: shape.x(p.at), x2: shape.x(p.at), y1: shape.T, y2: shape.bottom, class: "cursor" });
    current = p;
    tell(reading(c, p), clientX, clientY);
  };
  const leave = () => { cursor?.remove(); cursor = null; hush(); };
  svg.addEventListener("pointermove", event => {
    const area = svg.getBoundingClientRect();
    const at = shape.from + ((event.clientX - area.left) / area.width * shape.W - shape.L) / (shape.W - shape.L - shape.R) * (shape.to - shape.from);
    const near = all.reduce((best, p) => Math.abs(p.at - at) < Math.abs(best.at - at) ? p : best, all[0]);
    if (near) show(near, event.clientX, event.clientY);
  });
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("blur", leave);
  svg.addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") leave();
    if (!step || !all.length) return;
    event.preventDefault();
    const next = current === null ? all.findIndex(p => p.violating) : all.indexOf(current) + step;
    const p = all[Math.max(0, Math.min(all.length - 1, next))], area = svg.getBoundingClientRect();
    show(p, area.left + shape.x(p.at) / shape.W * area.width, area.top + shape.y(p.value));
  });
  let width = svg.clientWidth;
  addEventListener("resize", () => { if (svg.clientWidth !== width) { width = svg.clientWidth; shape = plot(svg, c, all); } });
}

function legend() {
  const line = node(page, "div", null, "legend");
  const entry = (text, ...marks) => {
    const item = node(line, "span"), svg = draw(item, "svg", { viewBox: "0 0 26 12", "aria-hidden": "true" });
    marks.forEach(([name, attributes]) => draw(svg, name, attributes));
    item.append(text);
  };
  entry("value", ["line", { x1: 0, x2: 26, y1: 6, y2: 6, class: "value" }]);
  entry("limit of what is normal", ["line", { x1: 0, x2: 26, y1: 6, y2: 6, class: "limit" }]);
  entry("not normal", ["circle", { cx: 13, cy: 6, r: 3.6, class: "violating" }]);
  entry("in alarm", ["rect", { x: 1, y: 0, width: 25, height: 12, class: "band" }], ["line", { x1: 1, x2: 1, y1: 0, y2: 12, class: "edge" }]);
}
