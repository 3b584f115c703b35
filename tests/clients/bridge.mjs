// Lets a test drive the stock client: a JSON object a line in, a JSON object a line out.
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const [url, options] = process.argv.slice(2);
const tell = (object) => process.stdout.write(`${JSON.stringify(object)}\n`);

const socket = io(url, JSON.parse(options));
socket.on('connect', () => tell({ connect: { id: socket.id, recovered: socket.recovered } }));
socket.on('connect_error', ({ message, data = null }) => tell({ refused: { message, data } }));
socket.on('disconnect', (reason) => tell({ disconnect: reason }));
socket.onAny((event, ...args) => tell({ event, args }));

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { emit, ack, cut } = JSON.parse(line);
    if (cut) socket.io.engine.close();
    else if (ack === undefined) socket.emit(...emit);
    else socket.emit(...emit, (answer) => tell({ ack, answer }));
  })
  .on('close', () => process.exit());
