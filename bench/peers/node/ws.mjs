// A bare broadcast on ws: a text goes to everybody in its room (/?room=N&user=ID), its sender included.
//
// node ws.mjs [PORT]
import { WebSocketServer } from "ws";

const rooms = new Map();

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: Number(process.argv[2] ?? 0),
});
server.on("connection", (socket, request) => {
  const room = new URL(request.url, "ws://localhost").searchParams.get("room");
  if (!rooms.has(room)) rooms.set(room, new Set());
  const members = rooms.get(room).add(socket);
  socket.on("close", () => members.delete(socket));
  socket.on("message", (text) => {
    for (const member of members) member.send(text, { binary: false });
  });
});
server.on("listening", () =>
  console.log(`listening on 127.0.0.1:${server.address().port}`),
);
