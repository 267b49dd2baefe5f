// The buttons and the slider. What is shown comes from Python as HTML, in which whatever a guest says is escaped.
const NAMES = ["step", "latest", "ended", "summary", "shown"];

function element(kind, attributes) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// A button that cannot be used keeps the focus, so that somebody at the keyboard is not thrown out of the widget.
function button(model, name, wish) {
  const made = element("button", { type: "button" });
  made.textContent = model.get("labels")[name];
  made.addEventListener("click", () => {
    if (made.getAttribute("aria-disabled") !== "true") model.send(wish);
  });
  return made;
}

function render({ model, el }) {
  const labels = model.get("labels");
  const bar = element("div", { role: "group", "aria-label": labels.moves });
  const slider = element("input", { type: "range", min: "0" });
  const label = element("label", {});
  const place = element("span", { "aria-hidden": "true" });
  const status = element("output", { "aria-live": "polite" });
  const shown = element("div", { role: "region", "aria-label": labels.machine });
  const start = button(model, "start", { do: "go", step: 0 });
  const back = button(model, "back", { do: "back" });
  const forward = button(model, "forward", { do: "forward" });
  const run = button(model, "run", { do: "run" });
  let wanted = null; // where the slider was put while an answer was still awaited
  let waiting = false;
  let due = false;

  function go(step) {
    wanted = null;
    waiting = true;
    model.send({ do: "go", step });
  }

  function look() {
    const step = model.get("step");
    const latest = model.get("latest");
    due = waiting = false;
    slider.max = String(latest);
    if (wanted !== null && wanted !== step) {
      go(wanted);
    } else {
      wanted = null;
      slider.value = String(step);
    }
    place.textContent = `${step} / ${latest}`;
    slider.setAttribute("aria-valuetext", `${step} / ${latest}`);
    status.textContent = model.get("summary");
    shown.innerHTML = model.get("shown");
    for (const one of [start, back]) one.setAttribute("aria-disabled", String(step === 0));
    for (const one of [forward, run]) one.setAttribute("aria-disabled", String(model.get("ended")));
  }

  // Several values change at once; they are looked at once.
  function soon() {
    if (!due) queueMicrotask(look);
    due = true;
  }

  slider.addEventListener("input", () => {
    place.textContent = `${slider.value} / ${model.get("latest")}`;
    if (waiting) wanted = Number(slider.value);
    else if (Number(slider.value) !== model.get("step")) go(Number(slider.value));
  });
  label.append(labels.history, slider, place);
  bar.append(start, back, forward, run, label);
  el.classList.add("popek", "popek-stepping");
  el.append(bar, status, shown);
  for (const name of NAMES) model.on("change:" + name, soon);
  look();
  return () => {
    for (const name of NAMES) model.off("change:" + name, soon);
  };
}

export default { render };
