import io from 'socket.io-client';

const socket = io('http://localhost:3010', {
  auth: { token: 'YOUR_TOKEN' }
});

socket.emit('join_conversation', { conversationId: 1 });
socket.emit('send_message', {
  receiverId: 2,
  conversationId: 1,
  content: 'Hello via WebSocket!'
});

socket.on('new_message', (msg) => {
  console.log('New message:', msg);
});
