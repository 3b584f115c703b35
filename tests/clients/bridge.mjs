// Lets a test drive a stock client: a JSON object a line in, a JSON object a line out.
import { createInterface } from 'node:readline';

const [url, options, version] = process.argv.slice(2);
const { io } = await import(version);
const tell = (object) => process.stdout.write(`${JSON.stringify(object)}\n`);

const socket = io(url, JSON.parse(options));
socket.io.on('open', () => {
  socket.io.engine.on('upgrade', ({ name }) => tell({ upgrade: name }));
});
socket.on('connect', () => tell({ connect: { id: socket.id, recovered: socket.recovered } }));
socket.on('connect_error', ({ message, data = null }) => tell({ refused: { message, data } }));
socket.on('disconnect', (reason) => tell({ disconnect: reason }));
socket.onAny((event, ...args) => tell({ event, args }));

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { emit, ack, cut, token } = JSON.parse(line);
    if (cut) socket.io.engine.close();
    else if (token) socket.auth.token = token;
    else if (ack === undefined) socket.emit(...emit);
    else socket.emit(...emit, (answer) => tell({ ack, answer }));
  })
  .on('close', () => process.exit());
