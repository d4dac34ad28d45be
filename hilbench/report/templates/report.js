"use strict";
const config = {
  background: "transparent", view: { stroke: "var(--line)" },
  axis: { labelColor: "var(--ink)", titleColor: "var(--ink)", gridColor: "var(--line)", domainColor: "var(--line)", tickColor: "var(--line)" },
  legend: { labelColor: "var(--ink)", titleColor: "var(--ink)" }, title: { color: "var(--ink)" }, text: { color: "var(--ink)" },
};
for (const group of document.querySelectorAll(".group")) {
  const charts = JSON.parse(group.querySelector(".charts").textContent);
  for (const [name, spec] of Object.entries(charts)) {
    const figure = document.getElementById(`plot-${group.dataset.group}-${name}`);
    figure.hidden = false;
    vegaEmbed(figure.querySelector(".chart"), { ...spec, config: { ...spec.config, ...config } }, { renderer: "svg", actions: false });
  }
}
