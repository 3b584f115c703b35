//! From what the sources say to the typed [`Config`]: who wins, and where each value came from.
//!
//! defaults < configuration file < flag files < environment < command line. Reads files and the
//! environment it is given; checks each value by itself. Rules between options are in `validate.rs`.

use std::{collections::BTreeMap, ffi::OsString, fmt, path::PathBuf};

use super::{
    Config, environment, flag_file,
    options::OPTIONS,
    problem::{About, Problem, Problems},
    secret_file,
    source::Origin,
    table::Opt,
    toml_file, validate,
    value::Value,
};

/// Where to look.
#[derive(Clone, Default)]
pub struct Sources {
    /// The configuration file. Without one, none is read: a file that happens to lie in the working
    /// directory decides nothing.
    pub config: Option<PathBuf>,
    /// Flag files, the later winning over the earlier.
    pub flag_files: Vec<PathBuf>,
    /// The environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Flags of the command line, the later winning over the earlier.
    pub flags: Vec<(&'static Opt, String)>,
    /// Whether names nobody knows are only a notice.
    pub allow_unknown: bool,
}

impl fmt::Debug for Sources {
    // The environment and the flags hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("config", &self.config)
            .field("flag_files", &self.flag_files)
            .finish_non_exhaustive()
    }
}

/// A configuration, and what there is to say about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What is accepted but worth knowing; a line each.
    pub notices: Vec<String>,
    origins: BTreeMap<&'static str, Origin>,
}

impl Loaded {
    /// Where the value of an option comes from.
    pub fn origin(&self, option: &Opt) -> &Origin {
        self.origins.get(option.key).unwrap_or(&Origin::Default)
    }
}

impl Sources {
    /// Adds the environment of this process. The one place that reads it.
    pub fn with_environment(mut self) -> Self {
        self.environment = std::env::vars_os().collect();
        self
    }

    /// Loads a configuration in which every value can be read. It may still break a rule, such as having
    /// no key: for commands that need only a part of it.
    ///
    /// # Errors
    /// Everything that can't be read.
    pub fn load(&self) -> Result<Loaded, Problems> {
        let (loaded, problems) = self.resolve();
        done(loaded, problems)
    }

    /// Loads a configuration a node can run with.
    ///
    /// # Errors
    /// Everything that can't be read and every rule that is broken.
    pub fn load_valid(&self) -> Result<Loaded, Problems> {
        let (loaded, mut problems) = self.resolve();
        // What is missing can't be told when a whole source is.
        if !problems
            .iter()
            .any(|problem| problem.about == About::Source)
        {
            let broken: Vec<_> = validate::violations(&loaded.config)
                .into_iter()
                .filter(|rule| {
                    let concerns = |problem: &Problem| {
                        matches!(problem.about, About::Option(key) if rule.options.contains(&key))
                    };
                    !problems.iter().any(concerns)
                })
                .map(|rule| {
                    let key = rule.options[0];
                    let origin = loaded.origins.get(key).unwrap_or(&Origin::Default);
                    Problem::option(key, &rule.message, origin)
                })
                .collect();
            problems.extend(broken);
        }
        done(loaded, problems)
    }

    fn resolve(&self) -> (Loaded, Vec<Problem>) {
        let mut values = Values::default();
        if let Some(path) = &self.config {
            toml_file::read(path, &mut values);
        }
        for path in &self.flag_files {
            flag_file::read(path, &mut values);
        }
        environment::read(&self.environment, &mut values);
        for (option, text) in &self.flags {
            if option.is_secret() {
                values.problems.push(Problem::option(
                    option.key,
                    format_args!(
                        "every user of this machine can read the command line; give it by --{}-file FILE, by {}_FILE or by {}",
                        option.flag(),
                        option.env(),
                        option.env(),
                    ),
                    &Origin::CommandLine,
                ));
                continue;
            }
            values.set(option, text.clone(), Origin::CommandLine);
        }
        secret_file::resolve(&mut values);
        let config = Config::read(&mut values);
        values.finish(config, self.allow_unknown)
    }
}

fn done(loaded: Loaded, problems: Vec<Problem>) -> Result<Loaded, Problems> {
    if problems.is_empty() {
        Ok(loaded)
    } else {
        Err(Problems(problems))
    }
}

/// What the sources have said so far, and what was wrong with it. The sources are read from the weakest
/// to the strongest, so that the last word wins.
#[derive(Default)]
pub(super) struct Values {
    said: BTreeMap<&'static str, Said>,
    pub(super) problems: Vec<Problem>,
    pub(super) notices: Vec<String>,
}

/// A value as text. Without `Debug`: it may be a secret.
pub(super) struct Said {
    pub(super) text: String,
    pub(super) origin: Origin,
}

impl Values {
    /// Says a value, in place of what weaker sources said. The same source may add to it, where options
    /// add up; saying nothing then takes back what it said.
    pub(super) fn set(&mut self, option: &'static Opt, text: String, origin: Origin) {
        let adds = |said: &&Said| {
            let same_source = said.origin.rank() == origin.rank();
            option.adds_up() && same_source && !said.text.is_empty() && !text.is_empty()
        };
        let text = match self.said.get(option.key).filter(adds) {
            Some(said) => format!("{},{text}", said.text),
            None => text,
        };
        self.said.insert(option.key, Said { text, origin });
    }

    /// Takes a value back, as if nobody had said it.
    pub(super) fn unset(&mut self, option: &Opt) {
        self.said.remove(option.key);
    }

    /// What was said about an option; the empty text counts as nothing.
    pub(super) fn said(&self, option: &Opt) -> Option<&Said> {
        self.said
            .get(option.key)
            .filter(|said| !said.text.is_empty())
    }

    /// The text that counts now: what was said, or the default.
    pub(super) fn text(&self, option: &Opt) -> &str {
        self.said
            .get(option.key)
            .map_or(option.default, |said| &said.text)
    }

    /// The value that counts, or the default and a problem when it can't be read.
    pub(super) fn read<T: Value>(
        &mut self,
        key: &'static str,
        default: &'static str,
        bounded: impl Fn(&T) -> Result<(), String>,
    ) -> T {
        let parse = |text: &str| {
            let value = T::parse(text)?;
            bounded(&value).map(|()| value)
        };
        if let Some(Said { text, origin }) = self.said.get(key) {
            match parse(text) {
                Ok(value) => return value,
                Err(reason) if Opt::find(key).is_some_and(Opt::is_secret) => {
                    self.problems.push(Problem::option(key, reason, origin));
                }
                Err(reason) => self.problems.push(Problem::option(
                    key,
                    format_args!("{text:?} does not do: {reason}"),
                    origin,
                )),
            }
        }
        parse(default).expect("every default is a value within its bounds; a test reads them all")
    }

    fn finish(self, config: Config, allow_unknown: bool) -> (Loaded, Vec<Problem>) {
        let Self {
            said,
            mut problems,
            mut notices,
        } = self;
        if allow_unknown {
            let unknown = problems.extract_if(.., |problem| problem.about == About::Name);
            notices.extend(unknown.map(|problem| format!("ignored: {}", problem.message)));
        }
        notices.extend(validate::notices(&config));
        let origins = OPTIONS
            .iter()
            .filter_map(|option| Some((option.key, said.get(option.key)?.origin.clone())))
            .collect();
        let loaded = Loaded {
            config,
            notices,
            origins,
        };
        (loaded, problems)
    }
}

/// Whether a value is within its bounds, both of them allowed.
pub(super) fn between<T: Value + PartialOrd>(
    value: &T,
    min: &str,
    max: &str,
) -> Result<(), String> {
    let within = T::parse(min)? <= *value && *value <= T::parse(max)?;
    if within {
        Ok(())
    } else {
        Err(format!("expected {min} to {max}"))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::read(&mut Values::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_within_its_bounds_in_its_canonical_spelling() {
        for (option, text) in Config::default().entries() {
            assert_eq!(text, option.default, "{}", option.key);
        }
    }

    #[test]
    fn what_adds_up_does_so_within_a_source() {
        let option = Opt::find("http.listen_dialect").unwrap();
        let mut values = Values::default();
        let file = |line| Origin::FlagFile("f".into(), line);
        values.set(option, "dating=1".into(), file(1));
        values.set(option, "gateway=2".into(), file(2));
        assert_eq!(values.text(option), "dating=1,gateway=2");
        values.set(option, String::new(), file(3));
        values.set(option, "direct=3".into(), file(4));
        assert_eq!(values.text(option), "direct=3");
        values.set(option, "gateway=4".into(), Origin::CommandLine);
        assert_eq!(values.text(option), "gateway=4");
    }

    #[test]
    fn bounds_are_allowed_themselves() {
        assert!(between(&5_usize, "5", "9").is_ok());
        assert!(between(&9_usize, "5", "9").is_ok());
        assert!(between(&4_usize, "5", "9").is_err());
        assert!(between(&10_usize, "5", "9").is_err());
    }
}
