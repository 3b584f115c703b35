//! Chat over Socket.IO, against a real node.
