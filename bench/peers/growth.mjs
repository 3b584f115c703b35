#!/usr/bin/env node
// Measures how what Parlour costs grows with connections, with the size of a room, and with the messages that are stored; prints a
// table of each. docs/performance.md explains it.
//
//   node bench/peers/growth.mjs [connections] [rooms] [stored] [--stored 100000,1000000] [--quick] [--binaries FOLDER] [--doc docs/performance.md]
//
// The node has one core, the harness another. One run each: what is looked for is a slope.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fill, short } from "./figures.mjs";
import { binariesIn, clientsMax, coresOf, discard, fail, load, machine, say, serve, stop } from "./processes.mjs";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cores: { type: "string", default: "0,1" },
    binaries: { type: "string" },
    quick: { type: "boolean", default: false },
    stored: { type: "string" },
    doc: { type: "string" },
  },
});

const PARLOUR = { server: ["parlour"], dialect: "native" };
const time = flags.quick ? "--duration 400ms --warm-up 100ms" : "--duration 5s --warm-up 1s";
const numbers = flags.quick
  ? { connections: [10, 20], members: [2, 5], deliveries: 500, rate: 100, stored: [200, 400], pages: 100 }
  : {
      connections: [100, 1000, 5000, Math.min(10_000, clientsMax)],
      members: [2, 10, 100, 1000, 5000],
      deliveries: 10_000,
      rate: 1000,
      stored: [100_000, 1_000_000],
      pages: 500,
    };
if (flags.stored) numbers.stored = flags.stored.split(",").map(Number);
if (numbers.stored.some((n, at, all) => !(n > (all[at - 1] ?? 0)))) fail("--stored takes growing numbers, as 100000,1000000");

const where = { cores: coresOf(flags.cores), binaries: binariesIn(flags.binaries) };
const commands = new Set();
let told = "";
const tell = (text) => {
  told += `${text}\n`;
  console.log(text);
};

// Runs the harness, which must find nothing wrong.
async function ask(server, words) {
  const { status, report, error, command } = await load(server, words, where);
  // Numbers that grow stand in the table.
  commands.add(command);
  if (status !== 0) throw new Error(`${command} ended with ${status}:\n${error}`);
  return report;
}

async function fresh(work) {
  const server = await serve(PARLOUR, where);
  try {
    return await work(server);
  } finally {
    await stop(server);
    discard(server);
  }
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |\n`;
  tell(line(head) + line(head.map(() => "---")) + rows.map(line).join(""));
}

const n = (number) => number.toLocaleString("en-US");

async function connections() {
  const rows = [];
  for (const clients of numbers.connections) {
    const idle = await fresh((server) => ask(server, `idle --clients ${clients} --duration ${flags.quick ? "300ms" : "3s"}`));
    const pairs = await fresh((server) => ask(server, `pairs --rooms ${clients / 2} --rate ${numbers.rate} ${time}`));
    const [{ answers, server }] = pairs.trials;
    const { bytes_per_connection, cpu } = idle.idle;
    rows.push([n(clients), `${short(bytes_per_connection / 1024)} KiB`, `${short(cpu * 100)} %`, `${short(server.us_per_message)} µs`, `${short(answers.p99)} ms`]);
    say(`${clients} connections`);
  }
  table(["Connections", "RSS each, idle", "of a core, idle", `CPU per message, pairs at ${n(numbers.rate)}/s`, "p99 of the acknowledgement"], rows);
}

async function rooms() {
  const rows = [];
  for (const members of numbers.members) {
    const rate = numbers.deliveries / members;
    const report = await fresh((server) => ask(server, `fanout --members ${members} --rate ${rate} ${time}`));
    const [{ deliveries, server }] = report.trials;
    rows.push([n(members), short(rate), `${short(server.us_per_delivery)} µs`, `${short(server.us_per_message)} µs`, `${short(deliveries.p99)} ms`]);
    say(`a room of ${members}`);
  }
  table(["Members", "messages/s", "CPU per delivery", "CPU per message", "p99 of the delivery"], rows);
}

async function stored() {
  const rows = [];
  let server = await serve(PARLOUR, where);
  try {
    let there = 0;
    for (const wanted of numbers.stored) {
      const many = flags.quick ? "--rooms 5 --flood 10" : "--rooms 1000 --flood 2000";
      await ask(server, `pairs ${many} --messages ${wanted - there} --warm-up 0s --duration 1h`);
      there = wanted;
      await stop(server);
      const from = Date.now();
      server = await serve(PARLOUR, where, server);
      const start = (Date.now() - from) / 1000;
      // Conversations of a run are new; half of what is asked fills them, so that a page of 50 is full before it counts.
      const pages = await ask(server, `mixed --mix send=1,history=1 --rate ${numbers.pages * 2} ${flags.quick ? time : "--duration 5s --warm-up 3s"}`);
      const writes = await ask(server, `pairs --rooms ${flags.quick ? 5 : 500} --rate ${numbers.rate} ${time}`);
      const [{ by_deed }] = pages.trials;
      const [{ answers, server: cost }] = writes.trials;
      rows.push([n(wanted), `${short(start)} s`, `${short(by_deed.history.p99)} ms`, `${short(cost.us_per_message)} µs`, `${short(answers.p99)} ms`, `${short(cost.resident / 2 ** 20)} MiB`]);
      say(`${wanted} messages stored`);
    }
  } finally {
    await stop(server);
    discard(server);
  }
  table(["Stored messages", "start", "p99 of a page of history", "CPU per message", "p99 of the acknowledgement", "RSS"], rows);
}

const parts = { connections, rooms, stored };
const chosen = positionals.length ? positionals : Object.keys(parts);
for (const name of chosen) if (!parts[name]) fail(`there is no ${name}: ${Object.keys(parts).join(", ")}`);
tell(`${machine(where.binaries)}\n`);
for (const name of chosen) await parts[name]();
tell(`\`\`\`sh\n${[...commands].join("\n")}\n\`\`\``);
if (flags.doc) writeFileSync(flags.doc, fill(readFileSync(flags.doc, "utf8"), "growth", told));
