//! The configuration file: one table for each section, as `parlour config defaults` prints it.

use std::{fs, path::Path};

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    options::{OPTIONS, SECTIONS},
    problem::Problem,
    resolve::Values,
    source::Origin,
    suggest::did_you_mean,
    table::Opt,
    value::Shape,
};

pub(super) fn read(path: &Path, values: &mut Values) {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, path, values),
        Err(error) => values.problems.push(Problem::unreadable(path, &error)),
    }
}

pub(super) fn parse(text: &str, path: &Path, values: &mut Values) {
    let line = |offset: usize| {
        1 + text.as_bytes()[..offset]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
    };
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // Without the values: what the parser made of the rest is a guess.
        values.problems.extend(errors.iter().map(|error| {
            let line = line(error.span().map_or(0, |span| span.start.min(text.len())));
            Problem::source(format_args!("{}:{line}", path.display()), error.message())
        }));
        return;
    }
    for (section, table) in in_order(document.get_ref()) {
        let place = format!("{}:{}", path.display(), line(section.span().start));
        let section = section.get_ref().as_ref();
        if !SECTIONS.iter().any(|known| known.name == section) {
            let known = SECTIONS.iter().map(|known| known.name.to_owned());
            let hint = did_you_mean(section, known);
            let message = format_args!("there is no section {section:?}{hint}");
            values.problems.push(Problem::name(place, message));
            continue;
        }
        let DeValue::Table(table) = table.get_ref() else {
            let message =
                format_args!("{section} is a section: write [{section}] above its options");
            values.problems.push(Problem::source(place, message));
            continue;
        };
        for (name, value) in in_order(table) {
            let line = line(name.span().start);
            let key = format!("{section}.{}", name.get_ref());
            let Some(option) = Opt::find(&key) else {
                let known = OPTIONS.iter().map(|option| option.key.to_owned());
                let hint = did_you_mean(&key, known);
                let place = format_args!("{}:{line}", path.display());
                let message = format_args!("there is no option {key:?}{hint}");
                values.problems.push(Problem::name(place, message));
                continue;
            };
            let origin = Origin::File(path.to_owned(), line);
            match text_of(value.get_ref(), option.shape) {
                Ok(text) => values.set(option, text, origin),
                Err(reason) => values
                    .problems
                    .push(Problem::option(option.key, reason, &origin)),
            }
        }
    }
}

/// The entries as they stand in the file, so that problems are told from the top down.
fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

/// The value as the other sources would write it.
fn text_of(value: &DeValue<'_>, shape: Shape) -> Result<String, String> {
    let expected = match (shape, value) {
        (Shape::Bool, DeValue::Boolean(value)) => return Ok(value.to_string()),
        (Shape::Number, DeValue::Integer(value)) => {
            return i128::from_str_radix(value.as_str(), value.radix())
                .map(|number| number.to_string())
                .map_err(|_| "the number is too large".into());
        }
        (Shape::Text | Shape::Secret, DeValue::String(value)) => return Ok(value.to_string()),
        (Shape::List, DeValue::Array(items)) => {
            let items: Option<Vec<&str>> =
                items.iter().map(|item| item.get_ref().as_str()).collect();
            let items = items.ok_or("expected an array of strings")?;
            if items.iter().any(|item| item.contains(',')) {
                return Err("an item of the array contains a comma; give two items".into());
            }
            return Ok(items.join(","));
        }
        (Shape::Bool, _) => "true or false, without quotes",
        (Shape::Number, _) => "a number, without quotes",
        (Shape::Text | Shape::Secret, _) => "a string in quotes",
        (Shape::List, _) => "an array of strings such as [\"a\", \"b\"]",
    };
    Err(format!("expected {expected}, found {}", value.type_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let mut values = Values::default();
        parse(text, Path::new("c.toml"), &mut values);
        let problems = values.problems.into_iter();
        problems.map(|problem| problem.message).collect()
    }

    #[test]
    fn every_problem_names_its_line() {
        let found = problems(
            "[http]\nlisten = 8080\nlisen = \"x\"\n\n[sesion]\n[log]\nlevel = \"info\"\n[node]\ndev = \"yes\"\n",
        );
        assert_eq!(
            found,
            [
                "http.listen: expected a string in quotes, found integer (c.toml:2)",
                "c.toml:3: there is no option \"http.lisen\"; did you mean http.listen?",
                "c.toml:5: there is no section \"sesion\"; did you mean session?",
                "node.dev: expected true or false, without quotes, found string (c.toml:9)",
            ]
        );
    }

    #[test]
    fn a_syntax_error_is_told_with_its_line() {
        let found = problems("[http]\nlisten = \n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("c.toml:2: "), "{found:?}");
    }

    #[test]
    fn numbers_are_read_in_every_base_and_lists_item_by_item() {
        let mut values = Values::default();
        let text =
            "session.per_user_max = 0x1_0\nhttp.allowed_origins = [\"https://a\", \"https://b\"]";
        parse(text, Path::new("c.toml"), &mut values);
        assert!(values.problems.is_empty());
        assert_eq!(
            values.text(Opt::find("session.per_user_max").unwrap()),
            "16"
        );
        let origins = Opt::find("http.allowed_origins").unwrap();
        assert_eq!(values.text(origins), "https://a,https://b");
        assert_eq!(problems("http.allowed_origins = [\"a,b\"]").len(), 1);
        assert_eq!(problems("http = 1").len(), 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            parse(&text, Path::new("c.toml"), &mut Values::default());
        }

        #[test]
        fn no_toml_like_text_makes_it_panic(text in "(\\[(http|node|x)\\]\n|[a-z_.]{1,12} ?= ?[-0-9a-z_'\"\\[\\],.é]{0,9}\n){0,8}") {
            parse(&text, Path::new("c.toml"), &mut Values::default());
        }
    }
}
