"use strict";
// Sorting and filtering of the comparison, drawing of a group's plots when it is opened, and their data as tables.

const table = document.getElementById("comparison");
const rows = [...table.tBodies[0].rows];

function sortBy(header) {
  const column = header.cellIndex;
  const down = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  const numeric = header.classList.contains("number");
  const key = (row) => {
    const cell = row.cells[column];
    return numeric ? ("value" in cell.dataset ? Number(cell.dataset.value) : null) : cell.textContent.trim();
  };
  rows.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return (x === null) - (y === null); // what has no number stays at the end
    const order = numeric ? x - y : x.localeCompare(y, "en", { numeric: true });
    return down ? -order : order;
  });
  table.tBodies[0].append(...rows);
}

for (const header of table.tHead.rows[0].cells) header.querySelector("button").addEventListener("click", () => sortBy(header));

const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

function filter(event) {
  const words = event.target.value.toLowerCase().split(/\s+/);
  let shown = 0;
  for (const row of rows) {
    row.hidden = !words.every((word) => texts.get(row).includes(word));
    shown += !row.hidden;
  }
  document.getElementById("shown").textContent = `${shown} of ${rows.length} rows`;
}

document.getElementById("filter").addEventListener("input", filter);
document.querySelector(".filter").addEventListener("submit", (event) => event.preventDefault());

// Data come by column, texts as places in a list of them; Vega-Lite reads rows.
function unpacked({ columns }) {
  const names = Object.keys(columns);
  const lists = Object.values(columns).map((it) => (it.texts ? it.places.map((place) => it.texts[place]) : it));
  return { values: lists[0].map((_, row) => Object.fromEntries(names.map((name, at) => [name, lists[at][row]]))) };
}

const parsed = (text) => JSON.parse(text, (key, value) => (key === "data" && value.columns ? unpacked(value) : value));

function dataSets(spec) {
  const inner = ["layer", "concat", "hconcat", "vconcat"].flatMap((kind) => spec[kind] ?? []);
  return [spec.data?.values ?? [], ...inner.flatMap(dataSets)];
}

const largest = (spec) => dataSets(spec).reduce((best, found) => (found.length > best.length ? found : best));

function cellOf(tag, content) {
  const cell = document.createElement(tag);
  cell.textContent = content ?? "";
  return cell;
}

function tabulate(place, data) {
  const grid = document.createElement("table");
  const names = Object.keys(data[0] ?? {});
  grid.createTHead().insertRow().append(...names.map((name) => cellOf("th", name)));
  const body = grid.createTBody();
  for (const item of data) body.insertRow().append(...names.map((name) => cellOf("td", item[name])));
  place.replaceChildren(grid);
}

const style = JSON.parse(document.getElementById("style").textContent);

function drawGroup(group) {
  if (group.dataset.drawn) return;
  group.dataset.drawn = "yes";
  const charts = parsed(group.querySelector(".charts").textContent);
  const jobs = Object.entries(charts).map(([name, spec]) => {
    const figure = group.querySelector(`[data-plot="${name}"]`);
    figure.hidden = false;
    const details = figure.querySelector(".data");
    details.addEventListener("toggle", () => tabulate(details.lastElementChild, largest(spec)), { once: true });
    const options = { renderer: "svg", actions: false, config: style };
    return vegaEmbed(figure.querySelector(".chart"), { ...spec, background: "transparent" }, options);
  });
  Promise.all(jobs).then(() => { group.dataset.drawn = "done"; });
}

function openTarget() {
  const group = document.getElementById(location.hash.slice(1));
  if (group?.matches("details.group")) group.open = true;
}

for (const group of document.querySelectorAll("details.group")) {
  group.addEventListener("toggle", () => { if (group.open) drawGroup(group); });
  if (group.open) drawGroup(group);
}
window.addEventListener("hashchange", openTarget);
openTarget();
