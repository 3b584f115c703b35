// Servers and the harness, each as a process on a core of its own; none outlives the script that started it.
//
// Knows how servers are started and what of a run is kept, and not what is measured.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, cpus, release, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export const ROOT = resolve(import.meta.dirname, "../..");
const NODE = join(ROOT, "bench/peers/node");

const children = new Set();
const work = mkdtempSync(join(tmpdir(), "parlour-peers-"));
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(work, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));

export const fail = (message) => {
  console.error(message);
  process.exit(64);
};
export const say = (text) => console.error(text);

// As many open files as a process may have. A server may need two for each connection, and some beside them.
const files = Number(execFileSync("bash", ["-c", "ulimit -Hn"], { encoding: "utf8" }).replace("unlimited", "1048576"));
export const clientsMax = Math.floor((files - 200) / 200) * 100;

// Where the binaries are: those of a release, built now, unless a folder is given.
export function binariesIn(folder) {
  if (folder) return resolve(folder);
  const words = ["build", "--release", "--locked", "-p", "parlour", "-p", "parlour-peers"];
  execFileSync("cargo", words, { cwd: ROOT, stdio: ["ignore", 2, 2] });
  return resolve(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "release");
}

// Has what servers on Node.js need, by its lock file.
export function installNode() {
  if (existsSync(join(NODE, "node_modules"))) return;
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: NODE, stdio: ["ignore", 2, 2] });
}

// The cores of server and harness, from `0,1`.
export function coresOf(text) {
  const cores = text.split(",");
  if (cores.length !== 2) fail("--cores takes two: the server's and the harness's, as 0,1");
  return cores;
}

// Starts a program on a core, with as many open files as it may have.
function start(core, words, env = {}) {
  const pinned = ["-c", 'ulimit -n "$(ulimit -Hn)"; exec taskset -c "$@"', "bash", core, ...words];
  const child = spawn("bash", pinned, {
    env: { ...process.env, ...env },
    cwd: NODE,
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.said = "";
  child.stderr.on("data", (text) => (child.said = (child.said + text).slice(-4096)));
  children.add(child);
  child.ended = new Promise((done) => {
    child.on("error", (error) => done(String(error)));
    child.on("close", (status, signal) => done(status ?? signal));
  }).finally(() => children.delete(child));
  return child;
}

const IN_TIME = 60_000;

// Waits for something for a minute at most.
function inTime(promise, what) {
  let timer;
  const late = new Promise((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`no ${what} within a minute`)), IN_TIME);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// A server on a free port. `before`: one that ended, on whose data and secret it goes on.
export async function serve(row, { cores, binaries }, before = {}) {
  const [name, ...more] = row.server;
  const words = [name === "node" ? process.execPath : join(binaries, name), ...more];
  const { secret = randomBytes(32).toString("hex") } = before;
  let { data } = before;
  if (name === "parlour") {
    data ??= mkdtempSync(join(work, "data-"));
    words.push("run", "--listen", "127.0.0.1:0", "--data", data, "--http-workers", "1");
    words.push("--flagfile", join(ROOT, "flags/bench.flags"));
  }
  const child = start(cores[0], words, { JWT_SECRET: secret, NODE_ENV: "production" });
  const address = new Promise((found) => {
    // All of what it prints is read, so that it never waits for a reader.
    createInterface({ input: child.stdout }).on("line", (line) => {
      const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port) found(port);
    });
  });
  const ended = child.ended.then((status) => {
    throw new Error(`${words.join(" ")} ended with ${status}:\n${child.said}`);
  });
  const port = await inTime(Promise.race([address, ended]), `address of ${name}`);
  ended.catch(() => {});
  return { child, port, data, secret, words, row };
}

// Ends a server. Its data stays.
export async function stop({ child }) {
  child.kill("SIGTERM");
  try {
    await inTime(child.ended, "end of a server");
  } finally {
    child.kill("SIGKILL");
  }
}

// Takes a server's data away.
export function discard({ data }) {
  if (data) rmSync(data, { recursive: true, force: true });
}

// Runs the harness against a server, and gives what is kept of it.
export async function load(server, words, { cores, binaries }) {
  const { child, port, data, secret, row } = server;
  const command = ["bench", "wire", ...words.trim().split(/\s+/), "--dialect", row.dialect];
  command.push("--url", `ws://127.0.0.1:${port}`, "--pid", String(child.pid), "--json");
  const harness = start(cores[1], [join(binaries, "parlour"), ...command], { JWT_SECRET: secret });
  let out = "";
  harness.stdout.on("data", (text) => (out += text));
  const status = await harness.ended;
  // A server that ended on its own is worth more than what the harness made of it.
  const isGone = child.exitCode !== null || child.signalCode !== null;
  const gone = isGone ? `\nthe server ended with ${child.exitCode ?? child.signalCode}: ${child.said.trim().split("\n").pop()}` : "";
  // As a person would type it.
  const plain = (words) => {
    const text = words.join(" ").replaceAll(`${binaries}/`, "").replaceAll(`${ROOT}/`, "");
    return text.replaceAll(process.execPath, "node").replaceAll(data ?? "\0", "$DATA");
  };
  const typed = plain(command).replace(`:${port} `, ":$PORT ").replace(/--pid \d+/, "--pid $PID");
  return {
    status,
    error: harness.said + gone,
    server: `taskset -c ${cores[0]} ${plain(server.words)}`,
    command: `taskset -c ${cores[1]} parlour ${typed}`,
    report: parsed(out),
  };
}

// What ended before it had anything to tell has said why.
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function version(command, ...words) {
  try {
    return execFileSync(command, words, { encoding: "utf8", cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "unknown";
  }
}

const installed = (name) => JSON.parse(readFileSync(join(NODE, "package.json"), "utf8")).dependencies[name];

// What was measured on and with, in a line.
export function machine(binaries) {
  const [{ model }] = cpus();
  return [
    `${model}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    `${version(join(binaries, "parlour"), "--version")} (${version("git", "describe", "--always", "--dirty")})`,
    `Node ${process.version}, Socket.IO ${installed("socket.io")}, ws ${installed("ws")}`,
    new Date().toISOString().slice(0, 10),
  ].join("; ");
}
