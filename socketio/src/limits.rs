//! Every bound and time of the transport, with its unit.

use std::time::Duration;

/// Bounds and times. The defaults are those of the reference server where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A ping is sent so long after the last pong.
    pub ping_interval: Duration,
    /// A connection whose ping was not answered for so long is gone.
    pub ping_timeout: Duration,
    /// An upgrade that was begun and not completed for so long is abandoned.
    pub upgrade_timeout: Duration,
    /// A connection may be in no namespace for so long.
    pub connect_timeout: Duration,
    /// The binary attachments of a packet have to follow it within so long (GHSA-55mf-67qm-4wpg).
    pub attachments_timeout: Duration,
    /// A WebSocket has so long to go after it was closed. Then it is shut down.
    pub close_timeout: Duration,
    /// Longest body of a polling request, in bytes. Told to clients as `maxPayload`.
    pub payload_bytes_max: usize,
    /// Longest packet of a client, in bytes; of an attachment too.
    pub packet_bytes_max: usize,
    /// Packets in one polling request.
    pub packets_max: usize,
    /// Binary attachments of one packet (CVE-2026-33151).
    pub attachments_max: usize,
    /// Namespaces of one connection.
    pub namespaces_max: usize,
    /// Connects to namespaces, let in or not, in the time of [`connect_timeout`](Self::connect_timeout). Each costs the
    /// application far more than the packet costs the client, who may leave at once.
    pub connects_max: usize,
    /// Longest name of a namespace, in bytes.
    pub namespace_bytes_max: usize,
    /// Refusals that a client did not fetch. Beyond it, it is refused altogether.
    pub refusals_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            attachments_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            payload_bytes_max: 1_000_000,
            packet_bytes_max: 1_000_000,
            packets_max: 256,
            attachments_max: 10,
            namespaces_max: 8,
            connects_max: 64,
            namespace_bytes_max: 128,
            refusals_max: 16,
        }
    }
}

impl Limits {
    /// How often [`Hub::tick`](crate::Hub::tick) is to be called: often enough for the shortest of the times.
    pub fn tick(&self) -> Duration {
        let shortest = [
            self.ping_interval,
            self.ping_timeout,
            self.upgrade_timeout,
            self.connect_timeout,
            self.attachments_timeout,
            self.close_timeout,
        ]
        .into_iter()
        .min()
        .unwrap_or_default();
        (shortest / 20).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }
}
