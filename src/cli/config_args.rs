//! The flags that say what the configuration is: its files, and one flag for each option.

use clap::{Arg, ArgAction, ArgMatches, FromArgMatches, builder::ValueParser};

use crate::config::{OPTIONS, Opt, Shape, Sources};

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct ConfigArgs(Sources);

impl ConfigArgs {
    /// All five sources, the environment included.
    pub(super) fn sources(&self) -> Sources {
        self.0.clone().with_environment()
    }
}

const CONFIG: &str = "config";
const FLAG_FILE: &str = "flagfile";
const ALLOW_UNKNOWN: &str = "allow-unknown-keys";

impl FromArgMatches for ConfigArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let said = |option: &'static Opt| {
            let off = option.shape == Shape::Bool && matches.get_flag(&off_flag(option));
            let texts = matches.get_many::<String>(option.key).into_iter().flatten();
            let texts = texts.map(String::as_str).filter(move |_| !off);
            let texts = texts.chain(off.then_some("false"));
            texts.map(move |text| (option, text.to_owned()))
        };
        Ok(Self(Sources {
            config: matches.get_one(CONFIG).cloned(),
            flag_files: matches
                .get_many(FLAG_FILE)
                .into_iter()
                .flatten()
                .cloned()
                .collect(),
            flags: OPTIONS.iter().flat_map(said).collect(),
            allow_unknown: matches.get_flag(ALLOW_UNKNOWN),
            environment: Vec::new(),
        }))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for ConfigArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        let command = command
            .arg(
                Arg::new(CONFIG)
                    .long(CONFIG)
                    .value_name("FILE")
                    .value_parser(ValueParser::path_buf())
                    .help("Configuration file (TOML); without this flag none is read"),
            )
            .arg(
                Arg::new(FLAG_FILE)
                    .long(FLAG_FILE)
                    .value_name("FILE")
                    .action(ArgAction::Append)
                    .value_parser(ValueParser::path_buf())
                    .help(
                        "File of flags, one a line; may be given several times, the later winning",
                    ),
            )
            .arg(
                Arg::new(ALLOW_UNKNOWN)
                    .long(ALLOW_UNKNOWN)
                    .action(ArgAction::SetTrue)
                    .help("Ignore options nobody knows, in files and in the environment"),
            );
        OPTIONS
            .iter()
            .flat_map(args_of)
            .fold(command, clap::Command::arg)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

/// The flag of an option; a switch has a second one, to turn off what a file turned on.
fn args_of(option: &'static Opt) -> Vec<Arg> {
    let summary = summary(option);
    let arg = Arg::new(option.key)
        .long(option.flag())
        .value_name(option.value_name)
        .help_heading(format!("Options of {}", option.section))
        .help(summary)
        // Forty flags would drown the few that most people need.
        .hide_short_help(option.short().is_none())
        // There to be refused, with a word about what to do instead.
        .hide(option.is_secret());
    let arg = match option.adds_up() {
        true => arg.action(ArgAction::Append),
        false => arg.overrides_with(option.key),
    };
    let arg = option.short().into_iter().fold(arg, Arg::visible_alias);
    if option.shape != Shape::Bool {
        return vec![arg];
    }
    let off = Arg::new(off_flag(option))
        .long(format!("no-{}", option.flag()))
        .alias(format!("no{}", option.flag()))
        .action(ArgAction::SetTrue)
        .hide(true)
        .overrides_with(option.key);
    let off = option.short().into_iter().fold(off, |off, short| {
        off.aliases([format!("no-{short}"), format!("no{short}")])
    });
    let on = arg
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .overrides_with(off_flag(option));
    vec![on, off]
}

fn off_flag(option: &Opt) -> String {
    format!("no.{}", option.key)
}

fn summary(option: &Opt) -> String {
    let lines: Vec<_> = option.doc.iter().map(|line| line.trim()).collect();
    let default = match option.default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    let bounds = match option.bounds {
        Some((min, max)) => format!(" [{min} to {max}]"),
        None => String::new(),
    };
    format!("{}{default}{bounds}", lines.join(" "))
}

/// Takes an option's flag out of the help, where it would drown what the command is about.
pub(super) fn hide_option(arg: Arg) -> Arg {
    let known = Opt::find(arg.get_id().as_str());
    let hidden = known.is_some_and(|option| option.short().is_none());
    let hide = arg.is_hide_set() || hidden;
    arg.hide(hide)
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;

    fn flags(args: &[&str]) -> Vec<(&'static str, String)> {
        let command = ConfigArgs::augment_args(clap::Command::new("x"));
        let matches = command
            .try_get_matches_from([&["x"], args].concat())
            .unwrap();
        let flags = ConfigArgs::from_arg_matches(&matches).unwrap().0.flags;
        flags
            .into_iter()
            .map(|(option, text)| (option.key, text))
            .collect()
    }

    #[test]
    fn the_last_of_two_flags_wins() {
        assert_eq!(flags(&[]), []);
        for (args, expected) in [
            (&["--dev"][..], "true"),
            (&["--node-dev", "--no-dev"], "false"),
            (&["--nodev", "--dev"], "true"),
            (&["--nonode-dev"], "false"),
            (&["--dev=false"], "false"),
            (&["--dev", "--dev=false"], "false"),
            (&["--dev=false", "--no-node-dev", "--dev"], "true"),
        ] {
            assert_eq!(flags(args), [("node.dev", expected.into())], "{args:?}");
        }
        let twice = flags(&["--listen=a", "--http-listen", "b"]);
        assert_eq!(twice, [("http.listen", "b".into())]);
    }

    #[test]
    fn flags_that_add_up_are_all_told() {
        let both = flags(&["--listen-dialect=a", "--http-listen-dialect", "b"]);
        let key = "http.listen_dialect";
        assert_eq!(both, [(key, "a".into()), (key, "b".into())]);
    }
}
