// Axes on round numbers and times.
const MINUTE = 60000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const TIME_STEPS = [1, 2, 5, 10, 15, 30].map(n => n * MINUTE).concat([1, 2, 3, 6, 12].map(n => n * HOUR),
  [1, 2, 7, 14, 28, 91, 182, 364].map(n => n * DAY));

// Round times within a range, at most `most` of them.
function timeTicks([from, to], most) {
  const step = TIME_STEPS.find(step => (to - from) / step <= most) ?? 364 * DAY;
  const ticks = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return ticks;
}

// Round numbers around the values: steps of 1, 2 or 5 times a power of ten, and no smaller than `least`.
function valueTicks(low, high, most, least) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(least, [1, 2, 5, 10].map(n => n * power).find(step => step >= rough * 0.999));
  const first = Math.floor(low / step + 1e-9), last = Math.ceil(high / step - 1e-9), ticks = [];
  for (let n = first; n <= last; n++) ticks.push(n * step);
  return ticks;
}
