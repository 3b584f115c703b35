//! What an example says of a value: exactly this, something of this form, or the same as elsewhere.

use std::collections::BTreeMap;

use serde_json::Value;

/// Stands for what is left out.
const LEFT_OUT: &str = "…";

/// What the names of the examples stand for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(BTreeMap<String, Value>);

impl Names {
    /// Gives a name a value before any example does.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), Value::String(value));
    }

    /// Puts in place of every `$name` what it stands for.
    pub(crate) fn fill(&self, text: &str) -> Result<String, String> {
        let mut parts = text.split('$');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_at(end_of_name(part));
            match self.0.get(name) {
                Some(Value::String(value)) => filled += value,
                Some(value) => filled += &value.to_string(),
                None => return Err(format!("nothing has told yet what ${name} is")),
            }
            filled += rest;
        }
        Ok(filled)
    }

    /// Whether a value is as the pattern has it. A name that is new stands for it from now on, if all of
    /// the pattern fits.
    pub(crate) fn fits(&mut self, pattern: &Value, value: &Value) -> Result<(), String> {
        let mut names = self.clone();
        names.fits_part(pattern, value, "")?;
        *self = names;
        Ok(())
    }

    fn fits_part(&mut self, pattern: &Value, value: &Value, place: &str) -> Result<(), String> {
        match (pattern, value) {
            (Value::String(text), value) => self.fits_text(text, value, place),
            (Value::Object(fields), Value::Object(values)) => {
                for (name, pattern) in fields.iter().filter(|(name, _)| *name != LEFT_OUT) {
                    let value = values
                        .get(name)
                        .ok_or(format!("{place}.{name} is missing"))?;
                    self.fits_part(pattern, value, &format!("{place}.{name}"))?;
                }
                let extra = values.keys().find(|name| !fields.contains_key(*name));
                match extra.filter(|_| !fields.contains_key(LEFT_OUT)) {
                    Some(name) => Err(format!("{place}.{name} is not in the example")),
                    None => Ok(()),
                }
            }
            (Value::Array(patterns), Value::Array(values)) if patterns.len() == values.len() => {
                let mut pairs = patterns.iter().zip(values).enumerate();
                pairs.try_for_each(|(i, (p, v))| self.fits_part(p, v, &format!("{place}[{i}]")))
            }
            _ if pattern == value => Ok(()),
            _ => Err(format!("{place} is {value} and not {pattern}")),
        }
    }

    fn fits_text(&mut self, text: &str, value: &Value, place: &str) -> Result<(), String> {
        if text == LEFT_OUT {
            return Ok(());
        }
        if let Some(name) = text.strip_prefix('$')
            && end_of_name(name) == name.len()
        {
            let known = self
                .0
                .entry(name.to_owned())
                .or_insert_with(|| value.clone());
            return match known == value {
                true => Ok(()),
                false => Err(format!(
                    "{place} is {value}, and ${name} was {known} before"
                )),
            };
        }
        let wanted = self.fill(text)?;
        match value.as_str() {
            Some(moment) if is_moment(text) && is_moment(moment) => Ok(()),
            Some(text) if text == wanted => Ok(()),
            _ => Err(format!("{place} is {value} and not {wanted:?}")),
        }
    }
}

fn end_of_name(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit()))
        .unwrap_or(text.len())
}

/// RFC 3339 in UTC with milliseconds.
fn is_moment(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() == form.len()
        && text
            .bytes()
            .zip(form.bytes())
            .all(|(byte, form)| match form {
                b'd' => byte.is_ascii_digit(),
                _ => byte == form,
            })
}

/// Reads a pattern: JSON, but for `…`, which stands for a value, or for further fields of an object.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut json = String::new();
    let mut open = Vec::new();
    let (mut in_text, mut escaped, mut after_colon) = (false, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ if in_text => {}
            '{' | '[' => open.push(c),
            '}' | ']' => drop(open.pop()),
            '…' if open.last() == Some(&'{') && !after_colon => {
                json += "\"…\":0";
                continue;
            }
            '…' => {
                json += "\"…\"";
                continue;
            }
            _ => {}
        }
        after_colon = c == ':' || after_colon && c == ' ';
        json.push(c);
    }
    serde_json::from_str(&json).map_err(|error| format!("{error} in {json}"))
}

#[test]
fn a_pattern_fits_what_it_says_and_nothing_else() {
    let mut names = Names::default();
    names.set("alice", "a1".into());
    let mut fits = |pattern: &str, value: &str| {
        let value = serde_json::from_str(value).expect("JSON");
        names
            .fits(&parse(pattern).expect("a pattern"), &value)
            .is_ok()
    };
    assert!(fits(r#"{"a": "$x", "b": …}"#, r#"{"a": "7", "b": [1]}"#));
    assert!(fits(r#"["$x", "<$x>"]"#, r#"["7", "<7>"]"#));
    assert!(!fits(r#"{"a": "$x"}"#, r#"{"a": "8"}"#), "another value");
    assert!(!fits(r#"{"a": "$y", "b": 1}"#, r#"{"a": "9", "b": 2}"#));
    assert!(fits(r#""$y""#, r#""10""#), "what did not fit gave no name");
    assert!(fits(r#"{"a": 1, …}"#, r#"{"a": 1, "b": 2}"#));
    assert!(
        !fits(r#"{"a": 1}"#, r#"{"a": 1, "b": 2}"#),
        "a field too many"
    );
    assert!(!fits(r#"{"a": 1, …}"#, r#"{"b": 2}"#), "a field too few");
    assert!(!fits("[1]", "[1, 2]"));
    assert!(!fits("true", "false"));
    let moment = r#""2026-11-21T12:00:00.000Z""#;
    assert!(fits(moment, r#""1999-01-01T00:00:00.123Z""#));
    assert!(!fits(moment, r#""1999-01-01T00:00:00Z""#));
    assert!(
        names
            .fill("/v1/$alice?$x")
            .is_ok_and(|text| text == "/v1/a1?7")
    );
    assert!(names.fill("$nobody").is_err());
}
