#!/usr/bin/env node
// Measures Parlour and other servers one after the other in the same way, and prints a table. docs/performance.md explains it.
//
//   node bench/peers/run.mjs [ROW...] [--runs 3] [--into FOLDER] [--only MEASURE,...] [--quick] [--binaries FOLDER]
//   node bench/peers/run.mjs --table FOLDER [--doc docs/performance.md]
//
// The server has one core, the harness another. Each run has a fresh server on a free port of this machine, and each figure of the
// table is the median of its runs. What was kept of each run is a file of its own in the folder, so that a long measurement can be
// made in parts. --doc also puts what is printed into a document.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { beside, fill, ratios, remarks, table } from "./figures.mjs";
import { binariesIn, clientsMax, coresOf, discard, fail, installNode, load, machine, ROOT, say, serve, stop } from "./processes.mjs";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "3" },
    into: { type: "string" },
    only: { type: "string" },
    cores: { type: "string", default: "0,1" },
    binaries: { type: "string" },
    quick: { type: "boolean", default: false },
    table: { type: "string" },
    doc: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

// `from`: the first rates of the two searches, so that they begin near to what is looked for. What is found doesn't hang on them.
const ROWS = {
  floor: { title: "floor: epoll, one write per delivery", server: ["peer-floor"], dialect: "raw", from: [64, 20_000] },
  "floor-coalesced": { title: "floor: epoll, coalesced writes", server: ["peer-floor", "--coalesce"], dialect: "raw", from: [1500, 20_000] },
  bare: { title: "bare actix-web-actors broadcast", server: ["peer-bare"], dialect: "raw", from: [700, 20_000] },
  ws: { title: "ws on Node", server: ["node", "ws.mjs"], dialect: "raw", from: [32, 10_000] },
  socketio: { title: "Socket.IO on Node", server: ["node", "socketio.mjs"], dialect: "socketio", from: [24, 5000] },
  parlour: { title: "**Parlour** (stored, checked, acknowledged)", server: ["parlour"], dialect: "native", from: [500, 8000] },
  "parlour-socketio": { title: "**Parlour**, Socket.IO clients", server: ["parlour"], dialect: "socketio", from: [500, 8000] },
};

const size = flags.quick
  ? { members: 10, rooms: 5, time: "--duration 400ms --warm-up 100ms --grace 5s", rest: [100, 100], top: "--rate-max 200", idle: "300ms" }
  : { members: 1000, rooms: 1000, time: "--duration 5s --warm-up 1s --grace 3s", rest: [10, 1000], top: "", idle: "3s" };

const clients = flags.quick ? 20 : Math.min(10_000, clientsMax);

// What is measured, as words for the harness. `found`: the highest rate that pairs-max found in the run of the same number.
const MEASURES = {
  "fanout-rest": () => `fanout --members ${size.members} --rate ${size.rest[0]} ${size.time}`,
  "fanout-max": ({ from }) => `fanout --members ${size.members} --search --p99 250ms --rate ${from[0]} ${size.time} ${size.top}`,
  "pairs-rest": () => `pairs --rooms ${size.rooms} --rate ${size.rest[1]} ${size.time}`,
  "pairs-max": ({ from }) => `pairs --rooms ${size.rooms} --search --p99 250ms --rate ${from[1]} ${size.time} ${size.top}`,
  "pairs-half": (_, found) => found && `pairs --rooms ${size.rooms} --rate ${Math.round(found / 2)} ${size.time}`,
  idle: () => `idle --clients ${clients} --duration ${size.idle}`,
  // Bare servers have nothing to go on from.
  storm: ({ server, dialect }) =>
    server[0] === "parlour" && dialect === "native" && `storm --rooms ${clients / (flags.quick ? 5 : 50)} --members ${flags.quick ? 5 : 50} --rate 100 ${size.time}`,
};

// All that is kept in a folder, by row.
function kept(folder) {
  const runs = {};
  for (const file of readdirSync(folder)) {
    const named = /^([a-z-]+)\.([a-z-]+)\.(\d+)\.json$/.exec(file);
    if (!named || !ROWS[named[1]]) continue;
    const [, name, measure, run] = named;
    const content = JSON.parse(readFileSync(join(folder, file), "utf8"));
    (runs[name] ??= []).push({ measure, run: Number(run), ...content });
  }
  const order = Object.keys(MEASURES);
  const byMeasure = (a, b) => order.indexOf(a.measure) - order.indexOf(b.measure) || a.run - b.run;
  return Object.keys(ROWS)
    .filter((name) => runs[name])
    .map((name) => ({ name, title: ROWS[name].title, runs: runs[name].sort(byMeasure) }));
}

function commands(rows) {
  const lines = [];
  for (const { name, runs } of rows) {
    lines.push(`# ${name}`, runs[0].server);
    for (const { run, command } of runs) if (run === 1) lines.push(command);
  }
  return `\`\`\`sh\n${lines.join("\n")}\n\`\`\`\n`;
}

function tell(folder) {
  const rows = kept(folder);
  if (rows.length === 0) fail(`nothing was kept in ${folder}`);
  const byName = Object.fromEntries(rows.map((row) => [row.name, row]));
  const parts = [readFileSync(join(folder, "machine.txt"), "utf8"), table(rows), ratios(byName), remarks(rows), commands(rows)];
  const text = parts.filter(Boolean).join("\n");
  console.log(text);
  if (!flags.doc) return;
  const document = fill(readFileSync(flags.doc, "utf8"), "figures", `${text}\n`);
  writeFileSync(flags.doc, fill(document, "beside", beside(rows)));
}

const seconds = (from) => ((Date.now() - from) / 1000).toFixed(1);

// One run of a measure, with a server of its own.
async function measure(row, words, where) {
  const server = await serve(row, where);
  try {
    return await load(server, words, where);
  } finally {
    await stop(server);
    discard(server);
  }
}

const list = (text) => text.split(",").filter(Boolean);

async function run() {
  if (flags.help) {
    const head = readFileSync(import.meta.filename, "utf8").split("\n").slice(1, 9);
    return console.log(`${head.map((line) => line.replace(/^\/\/ ?/, "")).join("\n")}\nRows: ${Object.keys(ROWS).join(", ")}\nMeasures: ${Object.keys(MEASURES).join(", ")}`);
  }
  if (flags.table) return tell(resolve(flags.table));
  const names = positionals.length ? positionals : Object.keys(ROWS);
  const measures = flags.only ? list(flags.only) : Object.keys(MEASURES);
  for (const name of names) if (!ROWS[name]) fail(`there is no row ${name}: ${Object.keys(ROWS).join(", ")}`);
  for (const name of measures) if (!MEASURES[name]) fail(`there is no measure ${name}: ${Object.keys(MEASURES).join(", ")}`);
  const n = flags.quick ? 1 : Number(flags.runs);
  if (!Number.isInteger(n) || n < 1) fail("--runs takes a number from 1 on");
  const where = { cores: coresOf(flags.cores), binaries: binariesIn(flags.binaries) };
  if (names.some((name) => ROWS[name].server[0] === "node")) installNode();
  const folder = resolve(flags.into ?? join(ROOT, "target/peers", new Date().toISOString().replaceAll(":", "").slice(0, 17)));
  mkdirSync(folder, { recursive: true });
  const how = flags.quick ? "quick, so no measurement" : `${clients.toLocaleString("en-US")} connections in idle and storm`;
  writeFileSync(join(folder, "machine.txt"), `${machine(where.binaries)}; ${how}\n`);
  const began = Date.now();
  // Run by run and not row by row: what else changes on a machine with time meets all of them alike.
  for (let nth = 1; nth <= n; nth++) {
    for (const name of names) {
      for (const what of Object.keys(MEASURES).filter((what) => measures.includes(what))) {
        const file = (what) => join(folder, `${name}.${what}.${nth}.json`);
        const highest = existsSync(file("pairs-max")) ? JSON.parse(readFileSync(file("pairs-max"), "utf8")) : {};
        const words = MEASURES[what](ROWS[name], highest.report?.best?.acknowledged_per_s);
        if (!words) continue;
        const from = Date.now();
        const kept = await measure(ROWS[name], words, where);
        writeFileSync(file(what), `${JSON.stringify(kept, null, 2)}\n`);
        say(`${name}, ${what}, run ${nth}: ${seconds(from)} s${kept.status === 0 ? "" : `, ended with ${kept.status}`}`);
      }
    }
  }
  say(`${seconds(began)} s in all; kept in ${folder}`);
  tell(folder);
}

await run();
