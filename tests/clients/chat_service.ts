// Client-side implementation
import { io } from 'socket.io-client';

class ChatService {
  private socket;
  
  constructor(token: string) {
    this.socket = io('http://localhost:4000', {
      auth: { token }
    });
    
    this.setupListeners();
  }
  
  setupListeners() {
    this.socket.on('connect', () => {
      console.log('Connected');
    });
    
    this.socket.on('newMessage', (message) => {
      // Update UI with new message
      this.onNewMessage(message);
    });
    
    this.socket.on('userTyping', (data) => {
      // Show typing indicator
      this.showTypingIndicator(data.conversationId, data.userName);
    });
    
    this.socket.on('messageRead', (data) => {
      // Update read receipt
      this.updateReadReceipt(data.messageId, data.userId);
    });
  }
  
  sendMessage(conversationId: string, content: string) {
    this.socket.emit('sendMessage', {
      conversationId,
      content,
      type: 'TEXT'
    });
  }
  
  startTyping(conversationId: string) {
    this.socket.emit('typing', { conversationId });
  }
  
  stopTyping(conversationId: string) {
    this.socket.emit('stopTyping', { conversationId });
  }
  
  markAsRead(conversationId: string, messageId: string) {
    this.socket.emit('markAsRead', {
      conversationId,
      messageId
    });
  }
}
