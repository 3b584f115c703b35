// A chat on Socket.IO as one writes it: conversations are rooms, a message goes to everybody in its room, and who wrote it is
// acknowledged. Speaks what `parlour bench wire --dialect socketio` does (docs/bench.md, "Other servers").
//
// Nothing is stored or checked: tokens are read and not verified.
//
// node socketio.mjs [PORT]
import { createServer } from "node:http";
import { Server } from "socket.io";

// The conversations of each user. As much as is needed to know who sits where.
const conversations = new Map();
let opened = 0;

const userOf = (token) =>
  JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sub;

function open(user, { members, user: other }) {
  const conversation = String(++opened);
  for (const each of [user, ...(members ?? [other])]) {
    if (!conversations.has(each)) conversations.set(each, []);
    conversations.get(each).push(conversation);
  }
  return conversation;
}

const http = createServer(async (request, response) => {
  const answer = (status, body) => {
    const text = JSON.stringify(body);
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    };
    response.writeHead(status, headers).end(text);
  };
  if (request.method !== "POST" || request.url !== "/v1/conversations") {
    return answer(404, { code: "NOT_FOUND" });
  }
  try {
    let body = "";
    for await (const part of request) body += part;
    const user = userOf(request.headers.authorization.split(" ")[1]);
    answer(201, { conversation: open(user, JSON.parse(body)) });
  } catch {
    answer(400, { code: "BAD_REQUEST" });
  }
});

const io = new Server(http);
io.use((socket, next) => {
  try {
    socket.data.user = userOf(socket.handshake.auth.token);
    next();
  } catch {
    next(new Error("no token"));
  }
});
io.on("connection", (socket) => {
  const { user } = socket.data;
  socket.join(conversations.get(user) ?? []);
  socket.on("sendMessage", ({ conversationId, content }, ack) => {
    if (!socket.rooms.has(conversationId)) {
      return ack({ success: false, code: "FORBIDDEN" });
    }
    io.to(conversationId).emit("newMessage", { conversationId, sender: user, content });
    ack({ success: true });
  });
});
http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () =>
  console.log(`listening on 127.0.0.1:${http.address().port}`),
);
