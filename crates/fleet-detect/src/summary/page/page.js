// The page, from the most asked to the least: what happened, who, when and why, who is told, the values behind it.
const ROWS = 25;
const NO_ONE = "no subscriber";
const topic = arn => arn.split(":").pop();
const listeners = paged => paged.subscribers === null ? null : paged.subscribers.length ? paged.subscribers.join(", ") : NO_ONE;

function told(alarm) {
  if (alarm.suppressed) return ["nobody", "suppressAlerts"];
  if (!alarm.target) return ["nobody", "the profile has no alert target"];
  const paged = data.paged.find(of => of.alertTarget === alarm.target);
  return [topic(alarm.target), paged ? listeners(paged) : null];
}

function verdict() {
  node(page, "h1", data.title);
  const [from, to] = data.range;
  if (to > from) node(page, "p", time(from) + " to " + time(to) + " UTC, " + count(data.events, "event"), "soft");
  const line = node(page, "p", null, "verdict");
  if (data.change) {
    const { added, removed, kept, against } = data.change;
    node(line, "span", added ? count(added, "alarm") + " added" : "No alarm added", added ? "strong alarm" : "strong fine");
    line.append(", " + (removed ? number(removed) : "none") + " removed and " + (kept ? number(kept) : "none") + " kept by the change from " + against + ".");
    return;
  }
  if (!data.alarmCount) { node(line, "span", "No device alarms.", "strong fine"); return; }
  node(line, "span", count(data.alarmCount, "alarm") + " on " + count(data.deviceCount, "device"), "strong alarm");
  const silent = data.paged.filter(of => !of.alertTarget || of.subscribers?.length === 0).reduce((sum, of) => sum + of.alarms, 0);
  const heard = data.paged.filter(of => of.alertTarget && of.subscribers?.length !== 0);
  const names = heard.slice(0, 3).map(of => topic(of.alertTarget) + (of.subscribers ? " (" + listeners(of) + ")" : ""));
  if (heard.length > 3) names.push(count(heard.length - 3, "more topic"));
  line.append(names.length ? ". Told: " + names.join("; ") + "." : silent === data.alarmCount ? ", and nobody is told of any." : ".");
  if (names.length && silent) line.append(" Nobody is told of " + number(silent) + " of them.");
}

// Thresholds that so many values violate are more often wrong than the fleet.
const NOISY = 0.05, ENOUGH = 20;

function lowThresholds() {
  for (const of of data.behaviors) {
    if (of.thresholdPercentile === null || of.datapoints < ENOUGH || of.violating <= NOISY * of.datapoints) continue;
    node(page, "p", behaviorName(of) + ": your threshold sits at the " + ordinal(of.thresholdPercentile) + " percentile; "
      + number(Math.round(of.violating * 100 / of.datapoints)) + " % of all values are not normal."
      + (of.violating * 2 > of.datapoints ? " Is it the wrong way round? A behavior states what is normal." : ""));
  }
}

function why(alarm) {
  return cell => {
    node(cell, "span", alarm.value === null ? "" : alarm.value + (alarm.devices > 1 ? " on the first" : ""));
    node(cell, "small", "normal: " + alarm.normal);
    if (!alarm.choices) return;
    const more = node(cell, "details");
    node(more, "summary", "choices it rests on");
    const list = node(more, "ul");
    alarm.choices.map(i => data.choices[i]).forEach(choice => node(list, "li", choice.setting + ": " + choice.effect));
  };
}

function alarmRow(alarm) {
  const link = anchors.get(seriesOf(alarm));
  const [who, through] = told(alarm);
  const cells = [
    cell => { node(cell, "span", time(alarm.raised)); node(cell, "small", alarm.ended ? END[alarm.ended[1]].replace(", the device was silent", "")
      + " after " + lasted(alarm.ended[0] - alarm.raised) : "still in alarm at the end"); },
    cell => {
      const name = node(cell, link ? "a" : "span", alarm.device);
      if (link) name.href = "#" + link;
      if (alarm.devices === 1) return;
      const more = node(cell, "details");
      node(more, "summary", "and " + count(alarm.devices - 1, "more device"));
      const rest = alarm.devices - 1 - alarm.others.length;
      node(more, "small", alarm.others.join(", ") + (rest ? " and " + number(rest) + " more" : ""));
    },
    behaviorName(alarm), why(alarm),
    cell => { node(cell, "span", who, who === "nobody" ? "alarm" : ""); if (through) node(cell, "small", through, through === NO_ONE ? "alarm" : ""); },
  ];
  if (data.change) cells.unshift((cell, line) => {
    node(cell, "span", { added: "+ added", removed: "− removed", kept: "kept" }[alarm.fate], "fate " + (alarm.fate === "added" ? "alarm" : "soft"));
    line.className = alarm.fate;
  });
  return cells;
}

function alarms() {
  node(page, "h2", "Alarms").id = "alarms";
  if (!data.rows.length) { node(page, "p", "None.", "fine"); return; }
  lanes();
  const box = node(page, "div", null, "card");
  const heads = [["raised (UTC)", "time"], ["device", "name"], ["behavior", "name behavior"], ["why"], ["who is told", "name"]];
  if (data.change) heads.unshift(["change"]);
  const list = document.createElement("div");
  let shown = ROWS;
  const matching = text => data.rows.filter(a => (a.device + " " + (a.others ?? []).join(" ") + " " + a.behavior + " " + a.profile + " " + (a.fate ?? "")).toLowerCase().includes(text));
  const fill = text => {
    list.replaceChildren();
    const found = matching(text.trim().toLowerCase());
    table(list, heads, found.slice(0, shown).map(alarmRow), "stacked");
    if (found.length > shown) node(list, "button", "Show " + number(found.length - shown) + " more").onclick = () => { shown = Infinity; fill(text); };
    return found.length;
  };
  if (data.rows.length > 8) {
    const tools = node(box, "div", null, "tools"), search = node(tools, "input"), state = node(tools, "span", null, "soft");
    search.type = "search"; search.placeholder = "Device or behavior"; search.setAttribute("aria-label", "Show only alarms with this text");
    search.addEventListener("input", () => { const n = fill(search.value); state.textContent = search.value ? count(n, "row") : ""; });
  }
  box.append(list);
  fill("");
  if (data.rowsLeftOut) node(page, "p", number(data.rowsLeftOut) + " more are not listed here; --format json has all.", "soft");
}

function paging() {
  if (!data.paged.length) return;
  node(page, "h2", "Who would be paged");
  table(node(page, "div", null, "card"), [["alarms", "number"], ["alert target", "name"], ["subscribers", "name"]], data.paged.map(paged => [
    number(paged.alarms),
    cell => { if (!paged.alertTarget) { node(cell, "span", "nobody", "alarm"); return; }
      node(cell, "span", topic(paged.alertTarget)); node(cell, "small", paged.alertTarget); },
    paged.alertTarget ? listeners(paged) ?? "not known here: the topic is not in a spec"
      : paged.suppressed ? "the behavior says suppressAlerts" : "the profile has no alert target"]), "stacked");
}

function days() {
  if (data.days.length < 2) return;
  node(page, "h2", "Alarms by day");
  table(node(page, "div", null, "card"), [["day (UTC)", "time"], ["alarms", "number"]], data.days.map(([name, n]) => [name, number(n)]));
}

function behaviors() {
  node(page, "h2", "Behaviors");
  const heads = [["behavior", "name behavior"], ["normal"], ["alarms", "number"], ["devices", "number"], ["values", "number"],
    ["not normal", "number"], ["highest", "number"], ["threshold at", "phrase"]];
  table(node(page, "div", null, "card"), heads, data.behaviors.map(of => [behaviorName(of), of.normal,
    cell => { node(cell, "span", of.alarms ? number(of.alarms) : "never fired", of.alarms ? "alarm strong" : "fine"); },
    number(of.devices), number(of.datapoints), number(of.violating), of.highest === null ? "" : short(of.highest),
    of.datapoints === 0 ? "no value in the traffic: never judged"
      : of.thresholdPercentile === null ? "" : ordinal(of.thresholdPercentile) + " percentile"]), "stacked");
}

function notes() {
  if (!data.notes.length) return;
  node(page, "h2", "To bear in mind");
  const list = node(page, "ul", null, "soft");
  data.notes.forEach(note => node(list, "li", note));
}

document.title = data.title;
verdict();
lowThresholds();
alarms();
paging();
if (data.charts.length) { node(page, "h2", "Values over time"); legend(); data.charts.forEach(chart); }
if (data.chartsLeftOut) node(page, "p", "Of devices that alarmed together, and beyond " + data.charts.length + " charts, values are not drawn.", "soft");
behaviors();
days();
notes();
