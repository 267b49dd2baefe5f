"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const WORDS = JSON.parse(document.getElementById("words").textContent);
const PROPERTIES = ["equivalence", "resource_control", "efficiency", "isolation"];
const MARKS = {
  proved: ["✓ " + say("proved"), "proved"], refuted: ["✗ " + say("refuted"), "refuted"],
  unknown: ["? " + say("unknown"), "open"], vacuous: ["∅ " + say("vacuous"), "open"],
  "not-applicable": ["– " + say("n/a"), "quiet"],
};
const ASKED = {
  1: say("Theorem 1: if whatever is sensitive is privileged, there is a monitor that runs everything directly."),
  2: say("Theorem 2: if theorem 1 applies, and there is a monitor without timing dependencies, it can host itself."),
  3: say("Theorem 3: if whatever is user-sensitive is privileged, there is a hybrid monitor."),
};
const ORDER = Object.keys(MARKS);
const words = (name) => tell(name.replaceAll("_", " "));
const state = { sort: null, down: false };
const at = (id) => document.getElementById(id);

/** Return a text of the data in the reader's language. */
function tell(text) {
  return WORDS[text] ?? text;
}

/** Return a sentence in the reader's language, its places filled. */
function say(form, parts = {}) {
  return tell(form).replace(/\{(\w+)\}/g, (_, name) => String(parts[name]));
}

/** Return things in a row. */
const listed = (things) => things.map(tell).reduce((left, right) => say("{left}, {right}", { left, right }));

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
  { name: say("machine"), key: (isa) => isa.name, cell: nameCell },
  { name: say("year"), key: (isa) => isa.year ?? 9999, cell: (isa) => make("td", {}, String(isa.year ?? "–")) },
  { name: say("critical"), key: (isa) => critical(isa).length, cell: criticalCell },
  ...["1", "2", "3"].map((number) => ({
    name: tell(`theorem ${number}`),
    key: (isa) => ORDER.indexOf(isa.theorems[number].status),
    cell: (isa) => verdictCell(isa, tell(`theorem ${number}`), isa.theorems[number], null),
  })),
  ...PROPERTIES.map((property) => ({
    name: words(property),
    key: (isa) => ORDER.indexOf(monitorOf(isa)[property].status),
    cell: (isa) => verdictCell(isa, words(property), monitorOf(isa)[property], at("monitor").value),
  })),
];

function nameCell(isa) {
  const open = make("button", { type: "button", click: () => showMachine(isa) }, isa.name);
  return make("th", { scope: "row" }, open, make("div", { class: "quiet" }, tell(isa.title)));
}

function criticalCell(isa) {
  const names = critical(isa);
  if (!names.length) return make("td", { class: "names" }, say("none"));
  const more = names.length > 4 ? say(" and {count} more", { count: names.length - 4 }) : "";
  return make("td", { class: "names" }, say("{count}: {names}", { count: names.length, names: listed(names.slice(0, 4)) + more }));
}

function verdictCell(isa, what, verdict, monitor) {
  const [text, style] = MARKS[verdict.status];
  const label = say("{mark}: {what} of {isa}", { mark: text, what, isa: isa.name });
  const open = make(
    "button",
    { type: "button", class: style, "aria-label": label, click: () => showVerdict(isa, what, verdict, monitor) },
    text,
  );
  return make("td", {}, open);
}

function matches(isa) {
  const wanted = at("find").value.trim().toLowerCase();
  const texts = [isa.name, isa.title, tell(isa.title), ...critical(isa)];
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
  at("count").textContent = say("{count} of {all} machines", { count: shown.length, all: data.isas.length });
  at("caption").textContent = say("Theorems, and the properties that {monitor} keeps up.", { monitor: at("monitor").value });
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
  const yes = (value) => (value === null ? "? " + say("open") : value ? say("yes") : say("no"));
  const rows = isa.instructions.map((i) => [
    i.name, yes(i.privileged), yes(i.sensitive), yes(i.user_sensitive), yes(i.critical), i.kinds.length ? listed(i.kinds) : "–",
  ]);
  const head = [
    say("instruction"), say("privileged"), say("sensitive"), say("user-sensitive"), say("critical"), say("because of"),
  ];
  const sources = isa.sources.map((source) => make("li", {}, source));
  open(
    isa.title && isa.title !== isa.name ? say("{name}: {what}", { name: isa.name, what: tell(isa.title) }) : isa.name,
    isa.extends ? make("p", {}, say("A change of {isa}.", { isa: isa.extends })) : null,
    table(say("Classes of the instructions, derived"), head, rows),
    sources.length ? make("h3", {}, say("Sources")) : null,
    sources.length ? make("ul", {}, ...sources) : null,
  );
}

function showVerdict(isa, what, verdict, monitor) {
  const [text, style] = MARKS[verdict.status];
  const why = verdict.reason ? say(": {reason}", { reason: tell(verdict.reason) }) : "";
  const parts = [make("p", {}, make("span", { class: style }, text), why)];
  const theorem = Object.keys(ASKED).find((number) => isa.theorems[number] === verdict);
  if (theorem) parts.unshift(make("p", { class: "quiet" }, ASKED[theorem]));
  const { blame } = verdict;
  if (blame && blame.length) parts.push(make("p", {}, say("To blame: {blame}.", { blame: listed(blame) })));
  if (theorem && blame && blame.length) parts.push(kindsTable(isa, blame));
  if (verdict.witness) parts.push(...witnessParts(verdict.witness));
  const claim = monitor ? say("{name} under {monitor}", { name: what, monitor }) : what;
  open(say("{name}: {what}", { name: isa.name, what: claim }), ...parts);
}

/** Say of each instruction that is in a theorem's way why it is sensitive. */
function kindsTable(isa, names) {
  const blamed = isa.instructions.filter((instruction) => names.includes(instruction.name));
  const rows = blamed.map((instruction) => [instruction.name, listed(instruction.kinds)]);
  return table(say("Sensitive, and not privileged"), [say("instruction"), say("because of")], rows);
}

function witnessParts(witness) {
  const differences = witness.differences.map((d) => [tell(d.what), String(d.bare ?? "–"), String(d.virtual ?? "–")]);
  return [
    make("h3", {}, say("A guest that shows it")),
    make("pre", { tabindex: "0" }, witness.program),
    make("p", {}, say("After step {step}: {says}", { step: witness.step, says: tell(witness.says) })),
    differences.length ? table(say("Where they differ"), [say("part"), say("bare"), say("virtual")], differences) : null,
    make(
      "div", { class: "sides" },
      trace(say("The last steps of the bare machine"), witness.bare, witness.step),
      trace(say("The last steps of the virtual machine"), witness.virtual, witness.step),
    ),
  ];
}

function trace(caption, steps, last) {
  const rows = steps.map((step) => [
    `${step.step === last ? "✗ " : ""}${step.step}`,
    String(step.pc),
    step.mode === 0 ? say("supervisor") : say("user"),
    step.instruction ?? "–",
    step.cause ? say("{kind}: {cause}", { kind: tell(step.kind), cause: tell(step.cause) }) : tell(step.kind),
  ]);
  return table(caption, [say("step"), "pc", say("mode"), say("instruction"), say("came to")], rows);
}

function begin() {
  const names = data.isas.length ? data.isas[0].monitors.map((m) => m.name) : [];
  at("monitor").append(...names.map((name) => make("option", { value: name }, name)));
  at("about").textContent = say(
    "Computed by popek {popek} with {solver} {version}: for each machine the theorems of Popek and Goldberg, 1974, and what each kind of monitor can keep up. Select a mark to see why.",
    { popek: data.popek, solver: data.solver.name, version: data.solver.version },
  );
  at("assumptions").append(...data.assumptions.map((text) => make("li", {}, tell(text))));
  at("find").addEventListener("input", draw);
  for (const id of ["monitor", "which"]) at(id).addEventListener("change", draw);
  at("controls").addEventListener("submit", (event) => event.preventDefault());
  drawHead();
  draw();
}

begin();
