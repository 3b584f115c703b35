// node --test bench/peers
import assert from "node:assert/strict";
import { test } from "node:test";
import { beside, fill, median, medians, ratios, remarks, short, table } from "./figures.mjs";

const search = (rate, cpu, limit = "node") => ({
  measure: "fanout-max",
  status: 0,
  report: { found: { best: 1, limit }, best: { deliveries_per_s: rate, server: { us_per_delivery: cpu } } },
});
const rest = (measure, cpu) => ({
  measure,
  status: 0,
  report: { trials: [{ server: { us_per_delivery: cpu, us_per_message: cpu } }] },
});

test("a median is in the middle, and what was not measured doesn't count", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([10, 9, 100, 1]), 9.5);
  assert.equal(median([undefined, 5, Number.NaN, null]), 5);
  assert.equal(median([]), undefined);
});

test("each figure has a median of its own", () => {
  const runs = [search(300, 1), search(100, 2), search(200, 9)];
  assert.deepEqual(medians(runs), { "fanout-max": { rate: 200, cpu: 2, bound: false } });
});

test("what the harness bounds in most runs is a lower bound", () => {
  const runs = (limits) => limits.map((limit) => search(1000, 1, limit));
  assert.equal(medians(runs(["generator", "node", "generator"]))["fanout-max"].bound, true);
  assert.equal(medians(runs(["generator", "node", "node"]))["fanout-max"].bound, false);
});

test("a search that found nothing has no figure", () => {
  const runs = [{ measure: "fanout-max", status: 69, report: { found: { best: null, limit: "node" } } }];
  assert.match(table([{ title: "x", runs }]), /\| x \| - \(- \/ -\) \|  \|/);
});

test("the table has a line for each server", () => {
  const idle = { measure: "idle", status: 0, report: { idle: { bytes_per_connection: 2560 } } };
  const storm = {
    measure: "storm",
    status: 0,
    report: { storm: { seconds_to_last: 1.25, during: { deliveries: { p99: 42.1 } } } },
  };
  const half = { measure: "pairs-half", status: 0, report: { trials: [{ answers: { p99: 3.456 } }] } };
  const runs = [search(4_412_345, 0.234), rest("fanout-rest", 6.2), half, idle, storm];
  const lines = table([{ title: "a", runs }, { title: "b", runs: [search(1000, 1, "generator")] }]).split("\n");
  assert.equal(lines[2], "| a | 4,410,000 (0.23 / 6.20) |  | 3.46 ms | 2.50 KiB | 1.25 s, 42.1 ms |");
  assert.equal(lines[3], "| b | ≥ 1,000 (1.00 / -) |  |  |  |  |");
  assert.equal(lines[4], "");
});

test("servers are compared where both were measured", () => {
  const rows = {
    floor: { runs: [rest("fanout-rest", 5)] },
    parlour: { runs: [rest("fanout-rest", 8), rest("pairs-rest", 100)] },
    "parlour-socketio": { runs: [rest("pairs-rest", 110)] },
  };
  const expected =
    "- CPU per delivery at rest, Parlour to the floor: 1.60\n- CPU per message at rest, Socket.IO clients to native ones: 1.10\n";
  assert.equal(ratios(rows), expected);
  assert.equal(ratios({}), "");
});

test("numbers are as long as they are worth", () => {
  assert.deepEqual([0.123, 12.34, 123.4, 12_345, undefined].map(short), ["0.12", "12.3", "123", "12,300", "-"]);
});

test("what was not as it should be is said", () => {
  const runs = [
    { measure: "idle", run: 2, status: 69, error: "a\nfailed: b\n" },
    { measure: "pairs-half", run: 1, status: 0, report: { trials: [{ lagging: true }] } },
  ];
  const expected = "- x, idle, run 2: the harness ended with 69: failed: b\n- x, pairs-half, run 1: the harness lagged\n";
  assert.equal(remarks([{ name: "x", runs }]), expected);
});

test("a document gets new text between its marks, and nothing else of it changes", () => {
  const document = "a\n<!-- x -->\nold\n<!-- end of x -->\nb\n<!-- y -->\n<!-- end of y -->\n";
  const filled = fill(document, "x", "new\n");
  assert.equal(filled, document.replace("old", "new"));
  assert.equal(fill(filled, "x", "new\n"), filled);
  assert.throws(() => fill(document, "z", ""));
});

test("what was measured here stands in bold above what was measured elsewhere", () => {
  const lines = beside([{ title: "**a** b", runs: [search(1000, 1)] }]).split("\n");
  assert.equal(lines[2], "| **a b** | 1,000 (1.00 / -) |  |  |");
  assert.match(lines[3], /^\| floor: raw epoll/);
  const widths = lines.filter(Boolean).map((line) => line.split("|").length);
  assert.deepEqual(new Set(widths), new Set([6]));
});
