// What the runs of bench/peers/run.mjs come to: medians, and the table in which servers stand beside each other.
//
// Knows neither processes nor files: takes what was kept of each run, gives text.

// The middle one; of an even number, the mean of the two in the middle. Runs without a value don't count.
export function median(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// What a figure is in the report of `parlour bench wire --json`, by measure.
const FIGURES = {
  "fanout-max": {
    rate: (report) => report.best?.deliveries_per_s,
    cpu: (report) => report.best?.server?.us_per_delivery,
  },
  "fanout-rest": { cpu: (report) => report.trials?.[0]?.server?.us_per_delivery },
  "pairs-max": {
    rate: (report) => report.best?.acknowledged_per_s,
    cpu: (report) => report.best?.server?.us_per_message,
  },
  "pairs-rest": { cpu: (report) => report.trials?.[0]?.server?.us_per_message },
  "pairs-half": { p99: (report) => report.trials?.[0]?.answers?.p99 },
  idle: { bytes: (report) => report.idle?.bytes_per_connection },
  storm: {
    seconds: (report) => report.storm?.seconds_to_last,
    p99: (report) => report.storm?.during?.deliveries?.p99,
  },
};

// The medians of one row's measures, as `{"fanout-max": {rate, cpu, bound}, ...}`. `bound`: in most of the runs it was the harness
// that made no more, so the server may do more.
export function medians(runs) {
  const figures = {};
  for (const [measure, readers] of Object.entries(FIGURES)) {
    const reports = runs.filter((run) => run.measure === measure).map((run) => run.report ?? {});
    if (reports.length === 0) continue;
    const figure = {};
    for (const [name, read] of Object.entries(readers)) figure[name] = median(reports.map(read));
    const bounds = reports.filter((report) => report.found?.limit === "generator");
    figure.bound = bounds.length * 2 > reports.length;
    figures[measure] = figure;
  }
  return figures;
}

const DASH = "-";

const count = (n) => Math.round(n).toLocaleString("en-US");

// To three digits.
export function short(n) {
  if (!Number.isFinite(n)) return DASH;
  if (n >= 1000) return count(Number(n.toPrecision(3)));
  return n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2);
}

function rate(max, rest) {
  if (!max && !rest) return "";
  const highest = Number.isFinite(max?.rate) ? `${max.bound ? "≥ " : ""}${short(max.rate)}` : DASH;
  return `${highest} (${short(max?.cpu)} / ${short(rest?.cpu)})`;
}

const cell = (value, unit) => (value === undefined ? "" : `${short(value)} ${unit}`);

// The table of all rows: `[{title, runs}]`.
export function table(rows) {
  const lines = [
    "| Server | Fan-out to 1,000: deliveries/s with p99 ≤ 250 ms (CPU µs each at most / at rest) | Pairs: acknowledged messages/s (CPU µs each at most / at rest) | p99 of the acknowledgement at half of that | RSS per idle connection | Storm: last one back, p99 of those who stayed |",
    "|---|---|---|---|---|---|",
  ];
  for (const { title, runs } of rows) {
    const of = medians(runs);
    const storm = of.storm && `${cell(of.storm.seconds, "s")}, ${cell(of.storm.p99, "ms")}`;
    const cells = [
      title,
      rate(of["fanout-max"], of["fanout-rest"]),
      rate(of["pairs-max"], of["pairs-rest"]),
      cell(of["pairs-half"]?.p99, "ms"),
      of.idle?.bytes === undefined ? "" : cell(of.idle.bytes / 1024, "KiB"),
      storm ?? "",
    ];
    lines.push(`| ${cells.join(" | ")} |`);
  }
  return lines.join("\n") + "\n";
}

// What other servers reached on another day and another machine, by another harness: the table of issue 6.
const ELSEWHERE = [
  "| floor: raw epoll, one write per delivery | 207,000 (4.3 / 5.8) | 82,000 (12 / 32) | 0.5 KiB |",
  "| floor: raw epoll, coalesced writes | 5,900,000 (0.17 / 6.7) | | |",
  "| tokio-tungstenite broadcast | 5,800,000 (0.17 / 7.7) | 123,000 (8 / 44) | 136 KiB |",
  "| uWebSockets in Bun | 4,400,000 (0.23 / 6.2) | 98,000 (10 / 40) | 2.5 KiB |",
  "| bare actix-web-actors broadcast | 2,800,000 (0.36 / 8.2) | 89,000 (11 / 41) | 11.2 KiB |",
  "| socketioxide | 2,100,000 (0.47 / 9.1) | 98,000 (10 / 51) | 29 KiB |",
  "| NATS server | 1,100,000 (0.9 / 10.8) | 114,000 (9 / 75) | 20 KiB |",
  "| Centrifuge (Go) | 338,000 (2.9 / 10.9) | 41,000 (25 / 117) | 30 KiB |",
  "| ws on Node | 130,000 (7.1 / 9.8) | 66,000 (15 / 60) | 6.4 KiB |",
  "| Socket.IO on Node | 92,000 (10.6 / 12.1) | 29,000 (34 / 106) | 14.6 KiB |",
  "| ejabberd | 38,000 (23.5 / 28.6) | 5,600 (170 / 197) | 55 KiB |",
  "| *stored before the acknowledgement:* Socket.IO + SQLite (no fsync per commit) / + PostgreSQL / ejabberd + archive | | 9,000 (94) / 3,400 (279) / 2,000 (444) | |",
];

// These rows in bold, above those that were measured elsewhere.
export function beside(rows) {
  const line = ({ title, runs }) => {
    const of = medians(runs);
    const rates = [rate(of["fanout-max"], of["fanout-rest"]), rate(of["pairs-max"], of["pairs-rest"])];
    const idle = of.idle?.bytes === undefined ? "" : cell(of.idle.bytes / 1024, "KiB");
    return `| **${title.replaceAll("*", "")}** | ${[...rates, idle].join(" | ")} |`;
  };
  const head = [
    "| Server | Fan-out to 1,000: deliveries/s with p99 ≤ 250 ms (CPU µs each at most / at rest) | Pairs: acknowledged messages/s (CPU µs each at most / at rest) | RSS per idle connection |",
    "|---|---|---|---|",
  ];
  return `${[...head, ...rows.map(line), ...ELSEWHERE].join("\n")}\n`;
}

// Puts text in place of what stands between the two marks of this name in a document.
export function fill(document, name, text) {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no ${begin.trim()} ... ${end}`);
  return document.slice(0, from + begin.length) + text + document.slice(to);
}

// How servers compare, as far as both were measured: `rows` by name, as `{runs}`.
export function ratios(rows) {
  const of = (name) => (rows[name] ? medians(rows[name].runs) : {});
  const [parlour, socketio, floor] = ["parlour", "parlour-socketio", "floor"].map(of);
  const pairs = [
    ["CPU per delivery at rest, Parlour to the floor", parlour["fanout-rest"]?.cpu, floor["fanout-rest"]?.cpu],
    ["CPU per message at rest, Socket.IO clients to native ones", socketio["pairs-rest"]?.cpu, parlour["pairs-rest"]?.cpu],
    ["CPU per delivery at rest, Socket.IO clients to native ones", socketio["fanout-rest"]?.cpu, parlour["fanout-rest"]?.cpu],
  ];
  const known = pairs.filter(([, a, b]) => Number.isFinite(a / b));
  return known.map(([what, a, b]) => `- ${what}: ${short(a / b)}\n`).join("");
}

// What was not as it should be, one line each.
export function remarks(rows) {
  const lines = [];
  for (const { name, runs } of rows) {
    for (const { measure, run, status, error, report } of runs) {
      const at = `${name}, ${measure}, run ${run}`;
      if (status !== 0) lines.push(`- ${at}: the harness ended with ${status}: ${(error ?? "").trim().split("\n").pop()}`);
      const trial = report?.trials?.length === 1 ? report.trials[0] : undefined;
      if (trial?.lagging) lines.push(`- ${at}: the harness lagged`);
    }
  }
  return lines.map((line) => `${line}\n`).join("");
}
