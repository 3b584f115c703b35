//! Reaches devices.

mod encrypt;
mod vapid;
