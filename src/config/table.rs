//! What an option is, and the macro that turns the one table of them into everything else.
//!
//! The table itself is in `options.rs`. From a row come the field of [`Config`](super::Config), the TOML
//! key, the flag, the environment name, the default, the bounds and the documentation, so that none of
//! them can drift from the others.

use super::{OPTIONS, value::Shape};

/// One row of the table.
#[derive(Debug)]
pub struct Opt {
    /// The table it stands in, which is its owner: `session`.
    pub section: &'static str,
    /// Its full name: `session.ping_interval`.
    pub key: &'static str,
    /// Meaning, unit and what happens at the bound; one entry a line.
    pub doc: &'static [&'static str],
    /// The default, as text. Empty: not set.
    pub default: &'static str,
    /// Least and greatest value, both allowed.
    pub bounds: Option<(&'static str, &'static str)>,
    /// What help calls the value.
    pub value_name: &'static str,
    /// How TOML writes the value.
    pub shape: Shape,
}

/// Flags short enough to type, for the few options that most people need.
const SHORT: [(&str, &str); 5] = [
    ("http.listen", "listen"),
    ("http.listen_dialect", "listen-dialect"),
    ("http.socketio_dialect", "socketio-dialect"),
    ("node.data", "data"),
    ("node.dev", "dev"),
];

/// Lists whose flags add up within a source. All else has one value, and the last word wins.
const ADDING_UP: [&str; 2] = ["events.webhook_url", "http.listen_dialect"];

impl Opt {
    /// The option of this full name.
    pub fn find(key: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.key == key)
    }

    /// The option of this flag, given without its dashes, and whether the flag switches it off
    /// (`--no-dev`, or `--nodev` as gflags writes it).
    pub fn of_flag(flag: &str) -> Option<(&'static Self, bool)> {
        let named = |name: &str| {
            let mut options = OPTIONS.iter();
            options.find(|option| option.flag() == name || option.short() == Some(name))
        };
        if let Some(option) = named(flag) {
            return Some((option, false));
        }
        let rest = flag.strip_prefix("no")?;
        named(rest.strip_prefix('-').unwrap_or(rest))
            .filter(|option| option.shape == Shape::Bool)
            .map(|option| (option, true))
    }

    /// The option of this environment name.
    pub fn of_env(name: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.env() == name)
    }

    /// The name inside its section: `ping_interval`.
    pub fn name(&self) -> &'static str {
        &self.key[self.section.len() + 1..]
    }

    /// The flag, without its dashes: `session-ping-interval`.
    pub fn flag(&self) -> String {
        self.key.replace(['.', '_'], "-")
    }

    /// The short flag, without its dashes, if it has one.
    pub fn short(&self) -> Option<&'static str> {
        let mut short = SHORT.iter();
        short
            .find(|(key, _)| *key == self.key)
            .map(|(_, flag)| *flag)
    }

    /// Whether a flag that is given again adds to the list instead of replacing it.
    pub fn adds_up(&self) -> bool {
        ADDING_UP.contains(&self.key)
    }

    /// The environment name: `PARLOUR_SESSION_PING_INTERVAL`.
    pub fn env(&self) -> String {
        format!("PARLOUR_{}", self.key.replace('.', "_").to_uppercase())
    }

    /// Whether the value is never shown.
    pub fn is_secret(&self) -> bool {
        self.shape == Shape::Secret
    }

    /// Of a secret, the option that names the file it may stand in; each secret has one.
    pub fn file(&self) -> Option<&'static Self> {
        self.is_secret()
            .then(|| Self::find(&format!("{}_file", self.key)))
            .flatten()
    }
}

/// A section of the table.
#[derive(Debug)]
pub struct Section {
    /// Its name: `session`.
    pub name: &'static str,
    /// What it is about; one entry a line.
    pub doc: &'static [&'static str],
}

/// Turns the table into the typed structs, [`OPTIONS`], [`SECTIONS`](super::SECTIONS) and the way from
/// text to struct and back.
macro_rules! options {
    ($(
        $(#[doc = $section_doc:literal])*
        $section:ident: $Section:ident {
            $(
                $(#[doc = $doc:literal])*
                $name:ident: $Type:ty = $default:literal $(in $min:literal..=$max:literal)?;
            )+
        }
    )+) => {
        $(
            $(#[doc = $section_doc])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $Section {
                $($(#[doc = $doc])* pub $name: $Type,)+
            }
        )+

        /// The whole configuration, typed and nested by owner. What the rest of the program sees.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Config {
            $($(#[doc = $section_doc])* pub $section: $Section,)+
        }

        /// Every section, in the order of the table.
        pub static SECTIONS: &[Section] = &[
            $(Section { name: stringify!($section), doc: &[$($section_doc),*] },)+
        ];

        /// Every option, in the order of the table.
        pub static OPTIONS: &[Opt] = &[$($(
            Opt {
                section: stringify!($section),
                key: concat!(stringify!($section), ".", stringify!($name)),
                doc: &[$($doc),*],
                default: $default,
                bounds: [$(($min, $max),)?].as_slice().first().copied(),
                value_name: <$Type as Value>::NAME,
                shape: <$Type as Value>::SHAPE,
            },
        )+)+];

        impl Config {
            /// Builds the structs from what the sources said. A value that can't be read is reported
            /// to `values` and replaced by its default, so that all of them are reported.
            pub(super) fn read(values: &mut Values) -> Self {
                Self {
                    $($section: $Section {
                        $($name: {
                            let key = concat!(stringify!($section), ".", stringify!($name));
                            let bounded = |value: &$Type| -> Result<(), String> {
                                $(between(value, $min, $max)?;)?
                                let _ = value;
                                Ok(())
                            };
                            values.read(key, $default, bounded)
                        },)+
                    },)+
                }
            }

            /// Every option with its value as text, in the order of the table. Secrets are hidden.
            pub fn entries(&self) -> Vec<(&'static Opt, String)> {
                let texts = [$($(self.$section.$name.print(),)+)+];
                OPTIONS.iter().zip(texts).collect()
            }
        }
    };
}
pub(super) use options;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_options_share_a_name_and_each_is_found_by_all_of_its_own() {
        let mut names = BTreeSet::new();
        for option in OPTIONS {
            let found = [
                Opt::find(option.key),
                Opt::of_env(&option.env()),
                Opt::of_flag(&option.flag()).map(|(found, _)| found),
            ];
            for found in found {
                assert_eq!(found.map(|found| found.key), Some(option.key));
            }
            let own = [option.env(), option.flag()];
            let own = own.into_iter().chain(option.short().map(String::from));
            own.for_each(|name| assert!(names.insert(name.clone()), "{name} is taken"));
        }
    }

    #[test]
    fn only_lists_add_up_and_every_special_rule_is_for_an_option() {
        for key in ADDING_UP {
            assert_eq!(Opt::find(key).map(|o| o.shape), Some(Shape::List), "{key}");
        }
        for (key, _) in SHORT {
            assert!(Opt::find(key).is_some(), "{key}");
        }
    }

    #[test]
    fn every_secret_may_stand_in_a_file() {
        let mut secrets = OPTIONS.iter().filter(|option| option.is_secret());
        assert!(secrets.clone().count() > 0);
        assert!(secrets.all(|secret| secret.file().is_some()));
    }

    #[test]
    fn a_switch_has_a_flag_that_turns_it_off_and_nothing_else_has() {
        let turned = |flag| Opt::of_flag(flag).map(|(option, off)| (option.key, off));
        for flag in ["nodev", "no-dev", "nonode-dev", "no-node-dev"] {
            assert_eq!(turned(flag), Some(("node.dev", true)));
        }
        assert_eq!(turned("dev"), Some(("node.dev", false)));
        assert_eq!(turned("node-data"), Some(("node.data", false)));
        assert_eq!(turned("nodata"), None);
    }
}
