// Draws charts where they come into view, hands out downloads, opens every table without charts.
"use strict";
(() => {
  const drawn = new Map();

  function draw(figure) {
    if (drawn.has(figure)) return drawn.get(figure);
    const place = figure.querySelector(".chart");
    const spec = JSON.parse(figure.querySelector("script.spec").textContent);
    const said = place.getAttribute("aria-label");
    const done = vegaEmbed(place, spec, { actions: false, renderer: "svg", tooltip: { theme: "custom" } })
      .then((result) => {
        // One description is enough: the place's own, over which Vega has written.
        for (const part of place.querySelectorAll("[aria-roledescription], [role]")) {
          part.removeAttribute("aria-roledescription");
          part.removeAttribute("aria-label");
          part.removeAttribute("role");
        }
        for (const svg of place.querySelectorAll("svg")) svg.setAttribute("aria-hidden", "true");
        place.setAttribute("role", "img");
        place.setAttribute("aria-label", said);
        place.removeAttribute("aria-roledescription");
        place.classList.add("drawn");
        return result;
      })
      .catch((problem) => {
        place.textContent = "This chart could not be drawn; its data stands below.";
        figure.querySelector("details").open = true;
        console.error(problem);
      });
    drawn.set(figure, done);
    return done;
  }

  // A chart is as wide as its place, which a closed part of the page does not have.
  const hidden = (figure) => figure.closest("details:not([open])");
  const figures = [...document.querySelectorAll("figure")];
  const ready = Promise.all(figures.filter((figure) => !hidden(figure)).map(draw));
  for (const part of document.querySelectorAll("details.more")) {
    part.addEventListener("toggle", () => part.open && part.querySelectorAll("figure").forEach(draw));
  }
  ready.then(() => document.documentElement.classList.add("charts-drawn"));

  for (const button of document.querySelectorAll("button.download")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const told = JSON.parse(document.getElementById(button.dataset.download).textContent).text;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([told], { type: button.dataset.kind }));
      link.download = button.dataset.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }
  // How old a notice is. It goes on ageing while the page is open.
  function tellAges() {
    for (const place of document.querySelectorAll(".age")) {
      const minutes = Math.floor((Date.now() - Date.parse(place.dataset.since)) / 60000);
      const [count, unit] = minutes < 60 ? [minutes, "minute"] : minutes < 2880 ? [Math.floor(minutes / 60), "hour"] : [Math.floor(minutes / 1440), "day"];
      place.textContent = minutes < 1 ? "" : ` (${count} ${unit}${count === 1 ? "" : "s"} ago)`;
    }
  }
  tellAges();
  setInterval(tellAges, 15000);
  for (const excuse of document.querySelectorAll(".unscripted")) excuse.remove();
  for (const form of document.querySelectorAll("form.calculator")) new Calculator(form);
})();
