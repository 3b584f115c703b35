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
