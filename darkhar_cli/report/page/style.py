"""How a page looks: in light and dark, on paper, wide and narrow; and the script that sorts tables where one may run.

The colours are those of `figures.style`.
"""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --muted: #57606a; --faint: #d0d7de; --ground: #ffffff;
  --raised: #f6f8fa; --accent: #0072b2; --other: #d55e00; --warn: #fff1cc; --warn-edge: #b35900; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --muted: #9da7b3; --faint: #3d444d;
  --ground: #0d1117; --raised: #161b22; --accent: #58b0ee; --other: #ff9455; --warn: #3a2a08; --warn-edge: #e0a93b; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1.5rem 1rem 4rem;
  color: var(--ink); background: var(--ground); overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 0.25rem; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 0.5rem; padding-top: 0.6rem; border-top: 1px solid var(--faint); }
h3 { font-size: 1rem; margin: 1.25rem 0 0.4rem; }
p { margin: 0.4rem 0; }
a { color: var(--accent); }
.about, .note, figcaption { color: var(--muted); font-size: 0.9rem; }
.headline { font-size: 1.3rem; line-height: 1.35; margin: 0.5rem 0; }
.headline strong { font-size: 2rem; }
.warnings { background: var(--warn); border: 2px solid var(--warn-edge); border-left-width: 10px; border-radius: 6px;
  padding: 0.4rem 1rem; margin: 1.25rem 0; }
.warnings h2 { border: 0; margin: 0.3rem 0 0; padding: 0; }
.warnings ul { margin: 0.3rem 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; max-width: 100%; margin: 0.5rem 0 1rem; }
.scroll:focus-visible { outline: 2px solid var(--accent); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.92rem; }
th, td { white-space: nowrap; padding: 0.25rem 0.7rem; text-align: right; border-bottom: 1px solid var(--faint); }
th { color: var(--muted); font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child, th.text, td.text { text-align: left; }
td.long { white-space: normal; min-width: 18rem; }
th.sorts { cursor: pointer; }
th.sorts:hover { color: var(--ink); }
th[aria-sort=ascending]::after { content: " \\25B2"; }
th[aria-sort=descending]::after { content: " \\25BC"; }
pre { background: var(--raised); border: 1px solid var(--faint); border-radius: 6px; padding: 0.6rem 0.8rem;
  overflow-x: auto; font-size: 0.86rem; margin: 0.4rem 0; }
pre.command { white-space: pre-wrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1rem; margin: 0.6rem 0; }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; }
details { margin: 0.6rem 0; }
summary { cursor: pointer; color: var(--accent); }
.intervals { display: grid; grid-template-columns: fit-content(18rem) minmax(8rem, 1fr) max-content;
  grid-auto-flow: dense; gap: 0.1rem 0.9rem; align-items: center; margin: 0.6rem 0;
  font-variant-numeric: tabular-nums; }
.intervals > * { min-width: 0; }
.intervals .name { grid-column: 1; } .intervals > svg { grid-column: 2; } .intervals .value { grid-column: 3; }
.intervals .value { text-align: right; font-size: 0.9rem; }
.intervals svg { width: 100%; height: 1.7rem; display: block; overflow: visible; }
.intervals .name.main, .intervals .value.main { font-weight: 700; font-size: 1rem; }
.intervals .axis { height: 1.2rem; }
.track { stroke: var(--faint); stroke-width: 1; }
.chance { stroke: var(--other); stroke-width: 2; stroke-dasharray: 4 3; }
.span { stroke: var(--muted); stroke-width: 2; }
.dot { fill: var(--ground); stroke: var(--muted); stroke-width: 2; }
.main .span { stroke: var(--accent); stroke-width: 9; stroke-opacity: 0.45; }
.main .dot { fill: var(--accent); stroke: var(--accent); }
.axis text { fill: var(--muted); font-size: 0.75rem; }
.axis text.named { fill: var(--other); font-weight: 600; }
.confusion td, .confusion th { text-align: center; padding: 0.3rem 0.45rem; border: 1px solid var(--faint); }
.confusion thead th { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; max-height: 14rem;
  padding: 0.45rem 0.3rem; }
.confusion thead th:first-child { writing-mode: horizontal-tb; transform: none; vertical-align: bottom; }
.confusion tbody th { text-align: right; color: var(--ink); }
.confusion td { min-width: 3.4rem;
  background: color-mix(in srgb, var(--accent) calc(var(--share) * 55%), var(--ground)); }
.confusion td.right { outline: 2px solid var(--ink); outline-offset: -2px; font-weight: 700; }
.confusion small { display: block; color: inherit; opacity: 0.75; font-weight: 400; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
.mistake { margin: 0; border: 1px solid var(--faint); border-radius: 6px; padding: 0.6rem; background: var(--raised); }
.frames { display: grid; grid-template-columns: 1fr 1fr; gap: 0.5rem; }
.frames img { width: 100%; height: auto; display: block; background: #000; }
.figures { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
.figures > * { max-width: 100%; margin: 0; }
svg.darkhar-figure { max-width: none; height: auto; }
@media (min-width: 48rem) { svg.darkhar-figure { max-width: 100%; } }
@media (max-width: 40rem) {
  .intervals { grid-template-columns: minmax(0, 1fr) max-content; }
  .intervals > svg, .intervals .axis { grid-column: 1 / -1; }
  .intervals .value { grid-column: 2; }
  .wide.intervals .name, .wide.intervals .value { grid-column: 1 / -1; text-align: left; }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.3rem; }
}
@media print {
  body { max-width: none; font-size: 11px; padding: 0; }
  .scroll { overflow: visible; } table { font-size: 0.8rem; } th, td { padding: 0.15rem 0.35rem; }
  .warnings, .confusion td { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .mistake, .intervals, table, .warnings { break-inside: avoid; } h2, h3 { break-after: avoid; }
  pre { white-space: pre-wrap; }
}
"""

# A click on a column's head sorts by it; without scripts tables are as they are.
SCRIPT = """
document.querySelectorAll("table.sorted thead th").forEach(function (head) {
  function key(row, place) {
    var text = row.cells[place].textContent.trim();
    var number = parseFloat(text.replace("\\u2212", "-"));
    return text === "" ? [2, 0] : isNaN(number) ? [1, text] : [0, number];
  }
  function sort() {
    var body = head.closest("table").tBodies[0], place = head.cellIndex;
    var down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    head.parentNode.querySelectorAll("th").forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
    Array.from(body.rows).map(function (row) { return [key(row, place), row]; }).sort(function (one, two) {
      var a = one[0], b = two[0];
      if (a[0] !== b[0]) { return a[0] - b[0]; }
      return down * (a[0] === 1 ? a[1].localeCompare(b[1]) : a[1] - b[1]);
    }).forEach(function (pair) { body.appendChild(pair[1]); });
  }
  head.classList.add("sorts");
  head.tabIndex = 0;
  head.title = "sort by this column";
  head.addEventListener("click", sort);
  head.addEventListener("keydown", function (event) {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); }
  });
});
"""
