//! The name by which a Socket.IO client asks to go on from where it was.
//!
//! Not a secret, and nothing is kept of it: who may go on is decided by the token. It has to tell that the client
//! that comes back is the same person's as before, also across a restart of the node; and where it was let in, since a client
//! that was told nothing from then on has no other place to go on from.

use std::{fmt, str::FromStr};

use parlour_actors::codec::Resume;
use parlour_storage::ids::UserId;

/// The name: a random part, a trace of whose it is, and where they were let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pid {
    random: u64,
    user: u32,
    from: Resume,
}

impl Pid {
    /// A new one for somebody who is let in at a place.
    pub fn new(user: &UserId, from: Resume) -> Self {
        Self {
            random: rand::random(),
            user: trace(user),
            from,
        }
    }

    /// Whether it was made for that person; another's passes once in four thousand million times, and gets nothing by it.
    pub fn is_of(self, user: &UserId) -> bool {
        self.user == trace(user)
    }

    /// Where a client goes on that shows it. `offset` is the last place that it was told of: clients keep that also over a
    /// connection that did not go on from it, and then it says nothing.
    pub fn resume(self, offset: Option<Resume>) -> Resume {
        match offset {
            Some(offset) if offset.epoch != self.from.epoch => offset,
            Some(offset) if offset.position > self.from.position => offset,
            _ => self.from,
        }
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
        write!(f, "{:016x}{:08x}.{}", self.random, self.user, self.from)
    }
}

/// It is no name that this node gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPid;

impl FromStr for Pid {
    type Err = NotAPid;

    fn from_str(text: &str) -> Result<Self, NotAPid> {
        let (name, from) = text.split_once('.').ok_or(NotAPid)?;
        if name.len() != 24 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotAPid);
        }
        let (random, user) = name.split_at(16);
        Ok(Self {
            random: u64::from_str_radix(random, 16).map_err(|_| NotAPid)?,
            user: u32::from_str_radix(user, 16).map_err(|_| NotAPid)?,
            from: from.parse().map_err(|_| NotAPid)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Resume {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_is_known_again_and_tells_people_apart() {
        let (alice, bob) = (UserId::new("alice").unwrap(), UserId::new("bob").unwrap());
        let made = Pid::new(&alice, place("0000002a:7"));
        let pid: Pid = made.to_string().parse().unwrap();
        assert_eq!(pid, made);
        assert!(pid.is_of(&alice) && !pid.is_of(&bob));
        for text in [
            "",
            "x",
            "0123456789abcdef01234567",
            "0123456789abcdef01234567.",
            "0123456789abcdef0123456.0000002a:7",
            "+123456789abcdef01234567.0000002a:7",
            "0123456789abcdef01234567.7",
        ] {
            assert_eq!(text.parse::<Pid>(), Err(NotAPid), "{text}");
        }
    }

    #[test]
    fn a_client_goes_on_from_where_it_was_let_in_or_later() {
        let pid = Pid::new(&UserId::new("alice").unwrap(), place("0000002a:7"));
        for (offset, resume) in [
            (None, "0000002a:7"),
            (Some("0000002a:6"), "0000002a:7"),
            (Some("0000002a:8"), "0000002a:8"),
            // Another history's: whoever looks it up finds that it can't be gone on from.
            (Some("0000002b:8"), "0000002b:8"),
        ] {
            assert_eq!(pid.resume(offset.map(place)), place(resume), "{offset:?}");
        }
    }
}
