"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const PROPERTIES = ["equivalence", "resource_control", "efficiency", "isolation"];
const MARKS = {
  proved: ["✓ proved", "proved"], refuted: ["✗ refuted", "refuted"], unknown: ["? unknown", "open"],
  vacuous: ["∅ vacuous", "open"], "not-applicable": ["– n/a", "quiet"],
};
const ORDER = Object.keys(MARKS);
const words = (name) => name.replaceAll("_", " ");
const state = { sort: null, down: false };
const at = (id) => document.getElementById(id);

/** Make an element: its attributes, and what is in it. Text is text: nothing of the data is ever read as HTML. */
function make(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "click") made.addEventListener("click", value);
    else made.setAttribute(name, value);
  }
  made.append(...inside.filter((part) => part !== null));
  return made;
}

const monitorOf = (isa) => isa.monitors.find((m) => m.name === at("monitor").value);
const critical = (isa) => isa.instructions.filter((i) => i.critical).map((i) => i.name);

const COLUMNS = [
  { name: "machine", key: (isa) => isa.name, cell: nameCell },
  { name: "year", key: (isa) => isa.year ?? 9999, cell: (isa) => make("td", {}, String(isa.year ?? "–")) },
  { name: "critical", key: (isa) => critical(isa).length, cell: criticalCell },
  ...["1", "2", "3"].map((number) => ({
    name: `theorem ${number}`,
    key: (isa) => ORDER.indexOf(isa.theorems[number].status),
    cell: (isa) => verdictCell(isa, `theorem ${number}`, isa.theorems[number], null),
  })),
  ...PROPERTIES.map((property) => ({
    name: words(property),
    key: (isa) => ORDER.indexOf(monitorOf(isa)[property].status),
    cell: (isa) => verdictCell(isa, words(property), monitorOf(isa)[property], at("monitor").value),
  })),
];

function nameCell(isa) {
  const open = make("button", { type: "button", click: () => showMachine(isa) }, isa.name);
  return make("th", { scope: "row" }, open, make("div", { class: "quiet" }, isa.title));
}

function criticalCell(isa) {
  const names = critical(isa);
  const text = names.slice(0, 4).join(", ") + (names.length > 4 ? ` and ${names.length - 4} more` : "");
  return make("td", { class: "names" }, names.length ? `${names.length}: ${text}` : "none");
}

function verdictCell(isa, what, verdict, monitor) {
  const [text, style] = MARKS[verdict.status];
  const label = `${text}: ${what} of ${isa.name}`;
  const open = make(
    "button",
    { type: "button", class: style, "aria-label": label, click: () => showVerdict(isa, what, verdict, monitor) },
    text,
  );
  return make("td", {}, open);
}

function matches(isa) {
  const wanted = at("find").value.trim().toLowerCase();
  const texts = [isa.name, isa.title, ...critical(isa)];
  const holds = isa.theorems["1"].status === "proved";
  const gap = !holds && monitorOf(isa).equivalence.status === "proved";
  const chosen = { all: true, holds, fails: !holds, gap }[at("which").value];
  return chosen && texts.some((text) => text.toLowerCase().includes(wanted));
}

function draw() {
  const shown = data.isas.filter(matches);
  if (state.sort !== null) {
    const key = COLUMNS[state.sort].key;
    shown.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) * (state.down ? -1 : 1));
  }
  at("rows").replaceChildren(...shown.map((isa) => make("tr", {}, ...COLUMNS.map((column) => column.cell(isa)))));
  at("count").textContent = `${shown.length} of ${data.isas.length} machines`;
  at("caption").textContent = `Theorems, and the properties that ${at("monitor").value} keeps up.`;
}

function drawHead() {
  at("head").replaceChildren(
    ...COLUMNS.map((column, number) => {
      const sorted = state.sort === number ? (state.down ? "descending" : "ascending") : "none";
      const sign = { none: "", ascending: " ▲", descending: " ▼" }[sorted];
      const sort = () => {
        state.down = state.sort === number && !state.down;
        state.sort = number;
        drawHead();
        draw();
        at("head").children[number].firstChild.focus();
      };
      const press = make("button", { type: "button", click: sort }, column.name, make("span", { "aria-hidden": "true" }, sign));
      return make("th", { scope: "col", "aria-sort": sorted }, press);
    }),
  );
}

function open(title, ...body) {
  at("detail-title").textContent = title;
  at("detail-body").replaceChildren(...body.filter((part) => part !== null));
  at("detail").showModal();
}

function table(caption, head, rows) {
  return make(
    "table", {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((text) => make("td", {}, text))))),
  );
}

function showMachine(isa) {
  const yes = (value) => (value === null ? "? open" : value ? "yes" : "no");
  const rows = isa.instructions.map((i) => [
    i.name, yes(i.privileged), yes(i.sensitive), yes(i.user_sensitive), yes(i.critical), i.kinds.join(", ") || "–",
  ]);
  const head = ["instruction", "privileged", "sensitive", "user-sensitive", "critical", "because of"];
  const sources = isa.sources.map((source) => make("li", {}, source));
  open(
    `${isa.name}${isa.title && isa.title !== isa.name ? `: ${isa.title}` : ""}`,
    isa.extends ? make("p", {}, `A change of ${isa.extends}.`) : null,
    table("Classes of the instructions, derived", head, rows),
    sources.length ? make("h3", {}, "Sources") : null,
    sources.length ? make("ul", {}, ...sources) : null,
  );
}

function showVerdict(isa, what, verdict, monitor) {
  const [text, style] = MARKS[verdict.status];
  const parts = [make("p", {}, make("span", { class: style }, text), verdict.reason ? `: ${verdict.reason}` : "")];
  if (verdict.blame && verdict.blame.length) parts.push(make("p", {}, `To blame: ${verdict.blame.join(", ")}.`));
  if (verdict.witness) parts.push(...witnessParts(verdict.witness));
  open(`${isa.name}: ${what}${monitor ? ` under ${monitor}` : ""}`, ...parts);
}

function witnessParts(witness) {
  const differences = witness.differences.map((d) => [d.what, String(d.bare ?? "–"), String(d.virtual ?? "–")]);
  return [
    make("h3", {}, "A guest that shows it"),
    make("pre", { tabindex: "0" }, witness.program),
    make("p", {}, `After step ${witness.step}: ${witness.says}`),
    differences.length ? table("Where they differ", ["part", "bare", "virtual"], differences) : null,
    make(
      "div", { class: "sides" },
      trace("The last steps of the bare machine", witness.bare, witness.step),
      trace("The last steps of the virtual machine", witness.virtual, witness.step),
    ),
  ];
}

function trace(caption, steps, last) {
  const rows = steps.map((step) => [
    `${step.step === last ? "✗ " : ""}${step.step}`,
    String(step.pc),
    step.mode === 0 ? "supervisor" : "user",
    step.instruction ?? "–",
    step.cause ? `${step.kind}: ${step.cause}` : step.kind,
  ]);
  return table(caption, ["step", "pc", "mode", "instruction", "came to"], rows);
}

function begin() {
  const names = data.isas.length ? data.isas[0].monitors.map((m) => m.name) : [];
  at("monitor").append(...names.map((name) => make("option", { value: name }, name)));
  at("about").textContent =
    `Computed by popek ${data.popek} with ${data.solver.name} ${data.solver.version}: for each machine the theorems of ` +
    "Popek and Goldberg, 1974, and what each kind of monitor can keep up. Select a mark to see why.";
  at("assumptions").append(...data.assumptions.map((text) => make("li", {}, text)));
  at("find").addEventListener("input", draw);
  for (const id of ["monitor", "which"]) at(id).addEventListener("change", draw);
  at("controls").addEventListener("submit", (event) => event.preventDefault());
  drawHead();
  draw();
}

begin();
