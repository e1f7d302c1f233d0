// Text and elements. Names come from devices: they become text, never markup.
const data = JSON.parse(document.getElementById("data").textContent);
const page = document.getElementById("page"), tip = document.getElementById("tip");

function node(parent, name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (kind) made.className = kind;
  return parent.appendChild(made);
}
function draw(parent, name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}
const number = value => value.toLocaleString("en", { maximumFractionDigits: 2 });
const short = value => Math.abs(value) < 10000 ? number(value)
  : value.toLocaleString("en", { notation: "compact", maximumFractionDigits: 2 });
const count = (n, word) => number(n) + " " + word + (n === 1 ? "" : "s");
const iso = at => new Date(at).toISOString();
const time = at => iso(at).slice(0, 10) + " " + clock(at);
const clock = at => iso(at).slice(11, at % 60000 ? 19 : 16);
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const day = at => { const date = new Date(at); return date.getUTCDate() + " " + MONTHS[date.getUTCMonth()]; };
const tickText = (at, first) => at % DAY === 0 ? day(at) : (first ? day(at) + " " : "") + clock(at);
const lasted = ms => { const m = Math.round(ms / MINUTE);
  return m < 60 ? m + " min" : m < 1440 ? +(m / 60).toFixed(1) + " h" : +(m / 1440).toFixed(1) + " days"; };
const ordinal = share => {
  const text = (share > 95 && share < 100 || share < 5 && share > 0) && share % 1 ? Math.min(99.9, Math.max(0.1, share)).toFixed(1) : String(Math.round(share));
  const n = Number(text), t = n % 100, u = n % 10;
  return text + (n % 1 || (t > 10 && t < 14) ? "th" : u === 1 ? "st" : u === 2 ? "nd" : u === 3 ? "rd" : "th"); };
const END = { "alarm-cleared": "cleared", "alarm-invalidated": "invalidated, the device was silent" };
const seriesOf = of => JSON.stringify([of.profile, of.behavior, of.device]);
const firstAlarm = new Map();
data.rows.forEach((alarm, i) => { if (!firstAlarm.has(seriesOf(alarm))) firstAlarm.set(seriesOf(alarm), i); });
data.charts.sort((a, b) => (firstAlarm.get(seriesOf(a)) ?? Infinity) - (firstAlarm.get(seriesOf(b)) ?? Infinity) || 0);
const anchors = new Map(data.charts.map((chart, i) => [seriesOf(chart), "chart-" + (i + 1)]));
const profiles = new Set(data.behaviors.map(of => of.profile));
const behaviorName = of => profiles.size > 1 ? of.behavior + " (" + of.profile + ")" : of.behavior;

function table(parent, heads, rows, kind) {
  const body = node(node(parent, "div", null, "scroll " + (kind ?? "")), "table");
  const head = node(body, "tr");
  for (const [title, kind] of heads) node(head, "th", title, kind).scope = "col";
  for (const row of rows) {
    const line = node(body, "tr");
    row.forEach((cell, i) => {
      const made = node(line, "td", typeof cell === "function" ? null : cell, heads[i][1]);
      made.dataset.name = heads[i][0];
      if (typeof cell === "function") cell(made, line);
    });
  }
}

// Shows a text beside a point of the window.
function tell(text, x, y) {
  tip.hidden = false;
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(8, Math.min(x + 14, innerWidth - box.width - 8)) + "px";
  tip.style.top = (y + 18 + box.height > innerHeight ? y - box.height - 10 : y + 16) + "px";
}
const hush = () => { tip.hidden = true; };
