//! One of a few words.

/// Defines an enum whose variants are words of the configuration.
macro_rules! choice {
    ($(#[$meta:meta])* $Name:ident { $($(#[$doc:meta])* $Variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $Name { $($(#[$doc])* $Variant,)+ }

        impl $Name {
            /// All of them, in the order of their definition.
            pub const ALL: &[Self] = &[$(Self::$Variant),+];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$Variant => $word,)+ }
            }
        }

        impl $crate::config::value::Value for $Name {
            const NAME: &'static str = concat!("CHOICE" $(, "|", $word)+).split_at("CHOICE|".len()).1;

            fn parse(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|choice| choice.as_str() == text).ok_or_else(|| {
                    let words: Vec<_> = Self::ALL.iter().map(|choice| choice.as_str()).collect();
                    format!("expected one of {}", words.join(", "))
                })
            }

            fn print(&self) -> String {
                self.as_str().into()
            }
        }
    };
}
pub(in crate::config) use choice;

choice! {
    /// What keeps the data.
    Engine {
        /// On disk, in one folder; every acknowledged write has been synced.
        Sled = "sled",
        /// Nowhere: everything is gone when the process ends.
        Memory = "memory",
    }
}

choice! {
    /// Whom lists of people who are online name.
    PresenceReach {
        /// Those who share a conversation with the asker.
        Contacts = "contacts",
        /// Everyone who is there.
        Everyone = "everyone",
    }
}

choice! {
    /// Who may write to whom.
    ContactGate {
        /// Anybody to anybody.
        Open = "open",
        /// Who isn't matched asks first; premium writes directly.
        Request = "request",
        /// Only people who are matched.
        Match = "match",
    }
}

choice! {
    /// Who sees whether their messages were read.
    ReceiptsReach {
        /// Everyone.
        Everyone = "everyone",
        /// People of the premium plan.
        Premium = "premium",
    }
}

choice! {
    /// What becomes of markup in texts.
    HtmlPolicy {
        /// It stays as it is.
        Raw = "raw",
        /// It is taken out.
        Strip = "strip",
    }
}

choice! {
    /// What becomes of a text in which something was found, from mild to strict.
    FindingAction {
        /// It isn't looked for.
        Allow = "allow",
        /// The text goes out, and is marked for review.
        Flag = "flag",
        /// What was found becomes stars, and the text is marked for review.
        Mask = "mask",
        /// A placeholder goes out, and the text is marked for review.
        Placeholder = "placeholder",
        /// It is refused.
        Reject = "reject",
    }
}

choice! {
    /// Which doings are written to the audit log.
    AuditScope {
        /// None.
        Off = "off",
        /// What concerns safety.
        Safety = "safety",
        /// Everything that people do.
        All = "all",
    }
}

choice! {
    /// What becomes of a message that the review service said nothing about in time.
    ReviewFailure {
        /// It goes out, and is marked for review.
        Open = "open",
        /// It is refused, to be sent again.
        Closed = "closed",
    }
}

choice! {
    /// How log lines look.
    LogFormat {
        /// For people, coloured on a terminal.
        Pretty = "pretty",
        /// One JSON object a line.
        Json = "json",
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Value, *};

    #[test]
    fn a_choice_is_one_of_its_words() {
        assert_eq!(Engine::parse("memory"), Ok(Engine::Memory));
        assert_eq!(
            Engine::parse("Sled"),
            Err("expected one of sled, memory".into())
        );
        assert_eq!(LogFormat::NAME, "pretty|json");
    }
}
