// Alarms over time: a lane for each device and behaviour, and one for all devices that alarmed together.
const MOST_LANES = 40;

const who = of => of.devices > 1 ? of.device + " and " + number(of.devices - 1) + " more" : of.device;

function describe(alarm) {
  const end = alarm.ended ? END[alarm.ended[1]] + " after " + lasted(alarm.ended[0] - alarm.raised) : "still in alarm at the end";
  return who(alarm) + ": " + behaviorName(alarm) + "\n" + time(alarm.raised) + " UTC, " + end
    + (alarm.value === null ? "" : "\n" + alarm.value + "; normal: " + alarm.normal)
    + (alarm.suppressed ? "\nnobody is told: suppressAlerts" : "") + (alarm.fate === "removed" ? "\nremoved by the change" : "");
}

function axis(parent, share) {
  const row = node(parent, "div", null, "lane axis-row");
  node(row, "div", "UTC", "name soft");
  const line = node(row, "div", null, "axis");
  const ticks = timeTicks(data.range, Math.max(2, Math.min(9, line.clientWidth / 90)));
  ticks.forEach((at, i) => {
    const label = node(line, "span", tickText(at, i === 0));
    label.style.left = share(at) + "%";
    if (share(at) < 6) label.style.transform = "none";
    if (share(at) > 94) label.style.transform = "translateX(-100%)";
  });
  return ticks;
}

function lanes() {
  const groups = new Map();
  for (const alarm of data.rows) {
    const key = alarm.devices > 1 ? JSON.stringify([alarm.profile, alarm.behavior]) : seriesOf(alarm);
    groups.set(key, (groups.get(key) ?? []).concat([alarm]));
  }
  const [from, to] = data.range, share = at => to > from ? (at - from) / (to - from) * 100 : 0;
  const box = node(page, "div", null, "card lanes");
  const fill = () => {
    box.replaceChildren();
    const ticks = axis(box, share);
    for (const alarms of [...groups.values()].slice(0, MOST_LANES)) {
      const lane = node(box, "div", null, "lane"), name = node(lane, "div", null, "name");
      const link = anchors.get(seriesOf(alarms[0]));
      const most = alarms.reduce((a, b) => b.devices > a.devices ? b : a);
      const label = node(name, link ? "a" : "span", who(most));
      if (link) label.href = "#" + link;
      node(name, "span", " " + behaviorName(alarms[0]), "soft");
      const track = node(lane, "div", null, "track");
      ticks.forEach(at => { node(track, "i").style.left = share(at) + "%"; });
      for (const alarm of alarms) {
        const end = alarm.ended ? alarm.ended[0] : to;
        const bar = node(track, link ? "a" : "span", null,
          "bar" + (alarm.suppressed ? " suppressed" : "") + (alarm.ended ? "" : " open") + (alarm.fate === "removed" ? " removed" : ""));
        bar.style.left = "min(" + share(alarm.raised) + "%, 100% - 4px)";
        bar.style.width = Math.max(share(end) - share(alarm.raised), 0) + "%";
        if (link) bar.href = "#" + link; else bar.setAttribute("role", "img");
        bar.setAttribute("aria-label", describe(alarm));
        bar.addEventListener("pointermove", event => tell(describe(alarm), event.clientX, event.clientY));
        bar.addEventListener("pointerleave", hush);
        bar.addEventListener("focus", () => { const box = bar.getBoundingClientRect(); tell(describe(alarm), box.left, box.top); });
        bar.addEventListener("blur", hush);
      }
    }
  };
  fill();
  let width = box.clientWidth;
  addEventListener("resize", () => { if (box.clientWidth !== width) { width = box.clientWidth; fill(); } });
  if (groups.size > MOST_LANES) node(page, "p", count(groups.size - MOST_LANES, "more lane") + " not drawn; the table below has them.", "soft");
}
