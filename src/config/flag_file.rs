//! Flag files, as gflags has them: one flag a line, `#` comments, blank lines, and more flag files.
//!
//! A line is `--name=value`, `--name value`, `--name` or `--noname`. The value is taken as it stands, to
//! the end of the line: no quotes, no escapes, no comment after it. `--flagfile=other` reads another file
//! in place of the line, found relative to the file that names it. A later line wins over an earlier one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    options::OPTIONS, problem::Problem, resolve::Values, source::Origin, suggest::did_you_mean,
    table::Opt, value::Shape,
};

pub(super) fn read(path: &Path, values: &mut Values) {
    include(path, &mut Vec::new(), values);
}

/// Reads a file that was reached through those in `chain`, each as it was named and as the system
/// knows it.
fn include(path: &Path, chain: &mut Vec<(PathBuf, PathBuf)>, values: &mut Values) {
    let read = fs::canonicalize(path).and_then(|real| Ok((fs::read_to_string(&real)?, real)));
    let (text, real) = match read {
        Ok(read) => read,
        Err(error) => {
            values.problems.push(Problem::unreadable(path, &error));
            return;
        }
    };
    let known = chain.iter().position(|(_, seen)| *seen == real);
    chain.push((path.to_owned(), real));
    if let Some(start) = known {
        let names: Vec<_> = chain[start..]
            .iter()
            .map(|(named, _)| named.display().to_string())
            .collect();
        let message = format_args!(
            "flag files include each other in a circle: {}",
            names.join(" -> ")
        );
        values
            .problems
            .push(Problem::source(path.display(), message));
    } else {
        parse_into(&text, path, chain, values);
    }
    chain.pop();
}

#[cfg(test)]
pub(super) fn parse(text: &str, path: &Path, values: &mut Values) {
    parse_into(text, path, &mut Vec::new(), values);
}

fn parse_into(text: &str, path: &Path, chain: &mut Vec<(PathBuf, PathBuf)>, values: &mut Values) {
    for (number, line) in lines(text) {
        apply(line, path, number, chain, values);
    }
}

fn apply(
    line: Result<Line, Mistake>,
    path: &Path,
    number: usize,
    chain: &mut Vec<(PathBuf, PathBuf)>,
    values: &mut Values,
) {
    let place = format!("{}:{number}", path.display());
    match line {
        Ok(Line::Set(option, text)) => {
            values.set(option, text, Origin::FlagFile(path.to_owned(), number));
        }
        Ok(Line::Include(other)) => {
            let other = path.parent().unwrap_or(Path::new("")).join(other);
            include(&other, chain, values);
        }
        Err(Mistake::Name(message)) => values.problems.push(Problem::name(place, message)),
        Err(Mistake::Syntax(message)) => values.problems.push(Problem::source(place, message)),
    }
}

/// What a line says.
enum Line {
    Set(&'static Opt, String),
    Include(PathBuf),
}

/// What is wrong with a line.
enum Mistake {
    /// A flag nobody knows.
    Name(String),
    /// Not a flag, or not with such a value.
    Syntax(String),
}

/// The lines that say something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, Result<Line, Mistake>)> {
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().map(str::trim).zip(1..);
    lines
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, number)| (number, parse_line(line)))
}

fn parse_line(line: &str) -> Result<Line, Mistake> {
    let syntax = |message: &str| Err(Mistake::Syntax(message.into()));
    let Some(flag) = line.strip_prefix("--") else {
        return syntax("expected a flag such as --http-listen=127.0.0.1:8080, or a # comment");
    };
    let (name, value) = match flag.find(|c: char| c == '=' || c.is_whitespace()) {
        Some(end) if flag[end..].starts_with('=') => (&flag[..end], Some(flag[end + 1..].trim())),
        Some(end) => (&flag[..end], Some(flag[end..].trim())),
        None => (flag, None),
    };
    let spaced = value.is_some() && !flag[name.len()..].starts_with('=');
    if spaced && value.is_some_and(|value| value.starts_with('=')) {
        return syntax("write the value right behind the =, as in --name=value");
    }
    let strange = |c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_';
    if let Some(end) = name.find(strange) {
        // Without the rest, which may be a secret.
        let message = format!("expected = behind --{}", &name[..end]);
        return Err(Mistake::Syntax(message));
    }
    match name {
        "flagfile" => {
            return match value {
                Some(path) if !path.is_empty() => Ok(Line::Include(path.into())),
                _ => syntax("--flagfile needs the name of a file"),
            };
        }
        "config" => return syntax("--config belongs on the command line"),
        _ => {}
    }
    let Some((option, off)) = Opt::of_flag(name) else {
        let known = OPTIONS.iter().map(|option| option.flag());
        let hint = did_you_mean(name, known).replace("mean ", "mean --");
        return Err(Mistake::Name(format!("there is no flag --{name}{hint}")));
    };
    let switch = option.shape == Shape::Bool;
    match value {
        Some(_) if off => syntax("a flag that begins with --no takes no value"),
        Some(_) if switch && spaced => syntax("write a switch as --name, --noname or --name=false"),
        Some(value) => Ok(Line::Set(option, value.into())),
        None if switch => Ok(Line::Set(option, (!off).to_string())),
        None => Err(Mistake::Syntax(format!("--{name} needs a value"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value_of(line: &str) -> Option<(&'static str, String)> {
        match parse_line(line) {
            Ok(Line::Set(option, text)) => Some((option.key, text)),
            _ => None,
        }
    }

    #[test]
    fn a_line_is_a_flag_in_one_of_its_forms() {
        for (line, key, text) in [
            ("--node-data=/srv/a b", "node.data", "/srv/a b"),
            ("--node-data  /srv", "node.data", "/srv"),
            (
                "--data=/srv # not a comment",
                "node.data",
                "/srv # not a comment",
            ),
            ("--auth-issuer=", "auth.issuer", ""),
            (
                "--log-level=warn,parlour=debug",
                "log.level",
                "warn,parlour=debug",
            ),
            ("--dev", "node.dev", "true"),
            ("--node-dev=false", "node.dev", "false"),
            ("--nodev", "node.dev", "false"),
            ("--no-dev", "node.dev", "false"),
            ("--nonode-dev", "node.dev", "false"),
        ] {
            assert_eq!(value_of(line), Some((key, text.into())), "{line}");
        }
    }

    #[test]
    fn a_line_that_is_no_flag_is_a_mistake() {
        for line in [
            "node-data=/srv",
            "-data=/srv",
            "--",
            "--data",
            "--data = /srv",
            "--dev false",
            "--nodev=true",
            "--nodata",
            "--unheard-of=1",
            "--flagfile",
            "--flagfile=",
            "--config=c.toml",
        ] {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }

    #[test]
    fn comments_and_blank_lines_count_as_lines_only() {
        let text = "\u{feff}# a\r\n\r\n  --dev  \r\n#--data=x\n--data=y";
        let numbers: Vec<_> = lines(text)
            .map(|(number, line)| (number, line.is_ok()))
            .collect();
        assert_eq!(numbers, [(3, true), (5, true)]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            lines(&text).count();
        }

        #[test]
        fn no_flag_like_text_makes_it_panic(text in "(--(no)?(dev|data|flagfile|é)[ =\t]{0,3}[^\n]{0,5}\n){0,8}") {
            lines(&text).count();
        }
    }
}
