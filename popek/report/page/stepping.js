// The buttons and the slider. What is shown comes from Python as HTML, in which whatever a guest says is escaped.
function button(model, name, wish) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = model.get("labels")[name];
  made.addEventListener("click", () => model.send(wish()));
  return made;
}

function render({ model, el }) {
  const bar = document.createElement("div");
  const slider = document.createElement("input");
  const label = document.createElement("label");
  const status = document.createElement("output");
  const shown = document.createElement("div");
  el.classList.add("popek-stepping");
  bar.setAttribute("role", "toolbar");
  shown.setAttribute("role", "region");
  shown.setAttribute("aria-label", model.get("labels").machine);
  status.setAttribute("aria-live", "polite");
  slider.type = "range";
  slider.min = "0";
  label.append(model.get("labels").history + " ", slider);
  slider.addEventListener("change", () => model.send({ do: "go", step: Number(slider.value) }));
  const start = button(model, "start", () => ({ do: "go", step: 0 }));
  const back = button(model, "back", () => ({ do: "back" }));
  const forward = button(model, "forward", () => ({ do: "forward" }));
  const run = button(model, "run", () => ({ do: "run" }));
  bar.append(start, back, forward, run, label);
  el.append(bar, status, shown);

  function look() {
    slider.max = String(model.get("latest"));
    slider.value = String(model.get("step"));
    status.textContent = model.get("summary");
    shown.innerHTML = model.get("shown");
    start.disabled = back.disabled = model.get("step") === 0;
    forward.disabled = run.disabled = model.get("ended");
  }
  for (const name of ["step", "latest", "ended", "summary", "shown"]) {
    model.on("change:" + name, look);
  }
  look();
}

export default { render };
