// Run the notebooks in WebAssembly: `node run.mjs WHEELS NOTEBOOK...` executes each notebook's cells in Pyodide.
// WHEELS is a directory with popek's wheel and those that it needs, the solver's for WebAssembly among them.
import { loadPyodide } from "pyodide";
import { readFileSync, readdirSync } from "node:fs";

const [wheels, ...notebooks] = process.argv.slice(2);
const python = await loadPyodide();
const site = python.runPython("import site; site.getsitepackages()[0]");
for (const name of readdirSync(wheels)) {
  python.unpackArchive(new Uint8Array(readFileSync(`${wheels}/${name}`)), "wheel", { extractDir: site });
}
console.log(`Python ${python.runPython("import sys; sys.version.split()[0]")} in Pyodide ${python.version}`);

let failed = 0;
for (const path of notebooks) {
  const began = Date.now();
  const names = python.globals.get("dict")();
  const cells = JSON.parse(readFileSync(path, "utf8")).cells.filter((cell) => cell.cell_type === "code");
  let problem = "";
  for (const cell of cells) {
    try {
      python.runPython([].concat(cell.source).join(""), { globals: names });
    } catch (error) {
      problem = `${cell.id}: ${String(error.message).trim().split("\n").at(-1)}`;
      break;
    }
  }
  failed += problem ? 1 : 0;
  console.log(`${path.split("/").at(-1)}: ${problem || `${cells.length} cells`}, ${((Date.now() - began) / 1000).toFixed(1)} s`);
}
process.exit(failed ? 1 : 0);
