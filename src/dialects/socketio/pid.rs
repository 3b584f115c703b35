//! The name by which a Socket.IO client asks to go on from where it was.
//!
//! Not a secret, and nothing is kept of it: who may go on is decided by the token. It only has to tell that the client
//! that comes back is the same person's as before, also across a restart of the node.

use std::{fmt, str::FromStr};

use parlour_storage::ids::UserId;

/// The name: a random part, and a trace of whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pid {
    random: u64,
    user: u32,
}

impl Pid {
    /// A new one for somebody.
    pub fn new(user: &UserId) -> Self {
        Self {
            random: rand::random(),
            user: trace(user),
        }
    }

    /// Whether it was made for that person; another's passes once in four thousand million times, and gets nothing by it.
    pub fn is_of(self, user: &UserId) -> bool {
        self.user == trace(user)
    }
}

/// FNV-1a: the same in every version of the node.
fn trace(user: &UserId) -> u32 {
    let bytes = user.as_str().bytes();
    bytes.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:08x}", self.random, self.user)
    }
}

/// It is no name that this node gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPid;

impl FromStr for Pid {
    type Err = NotAPid;

    fn from_str(text: &str) -> Result<Self, NotAPid> {
        if text.len() != 24 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAPid);
        }
        let (random, user) = text.split_at(16);
        Ok(Self {
            random: u64::from_str_radix(random, 16).map_err(|_| NotAPid)?,
            user: u32::from_str_radix(user, 16).map_err(|_| NotAPid)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_again_and_tells_people_apart() {
        let (alice, bob) = (UserId::new("alice").unwrap(), UserId::new("bob").unwrap());
        let pid: Pid = Pid::new(&alice).to_string().parse().unwrap();
        assert!(pid.is_of(&alice) && !pid.is_of(&bob));
        for text in [
            "",
            "x",
            "0123456789abcdef0123456",
            "+123456789abcdef01234567",
        ] {
            assert_eq!(text.parse::<Pid>(), Err(NotAPid));
        }
    }
}
