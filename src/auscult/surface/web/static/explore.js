// One series, drawn with uPlot, looking again every second while the page is seen.
(() => {
  const LOOK_MS = 1_000;
  const STALE_MS = 10_000;
  const place = document.getElementById("explore");
  const live = document.getElementById("live");
  if (!place || typeof uPlot === "undefined") return;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let chart = null;
  let heardMs = 0;

  const columns = (series) => {
    const flat = (limit) => series.at_ms.map(() => limit);
    return [series.at_ms.map((at) => at / 1000), series.value, flat(series.usual_low), flat(series.usual_high)];
  };
  const clock = (_chart, seconds) => seconds.map((s) => new Date(s * 1000).toISOString().slice(11, 19));
  const axis = () => ({ stroke: colour("--muted"), grid: { stroke: colour("--faint"), width: 1 }, ticks: { stroke: colour("--faint") } });
  const build = (series) => new uPlot({
    width: place.clientWidth, height: 260, tzDate: (s) => uPlot.tzDate(new Date(s * 1000), "Etc/UTC"),
    legend: { live: true }, cursor: { drag: { x: true, y: false } },
    scales: { x: { time: true } }, axes: [{ ...axis(), values: clock, space: 90 }, { ...axis(), size: 70 }],
    series: [
      { label: "at (UTC)", value: (_chart, s) => s === null ? "–" : `${new Date(s * 1000).toISOString().slice(0, 19)}Z` },
      { label: "value", stroke: colour("--text"), width: 2, spanGaps: false },
      { label: "usual from", stroke: colour("--outline"), width: 1 },
      { label: "usual to", stroke: colour("--outline"), width: 1 },
    ],
    bands: [{ series: [3, 2], fill: `${colour("--info")}33` }],
  }, columns(series), place);

  const look = async () => {
    if (!document.hidden) {
      const answer = await fetch(place.dataset.series).catch(() => null);
      if (answer?.ok) {
        const series = await answer.json();
        heardMs = Date.now();
        if (chart) chart.setData(columns(series)); else chart = build(series);
      }
    }
    const stale = Date.now() - heardMs > STALE_MS;
    live.classList.toggle("stale", stale);
    const word = stale ? "stale · reconnecting" : "live";
    for (const place of [live, document.getElementById("spoken")]) {
      if (place.textContent !== word) place.textContent = word;
    }
    setTimeout(look, LOOK_MS);
  };
  new ResizeObserver(() => chart?.setSize({ width: place.clientWidth, height: 260 })).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { chart?.destroy(); chart = null; });
  look();
})();
