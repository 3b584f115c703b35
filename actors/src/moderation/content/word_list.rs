//! The operator's word file: one word or phrase a line, what becomes of a text with it behind `=`, `#` before comments.

use std::{collections::HashMap, fmt};

use super::fold;
use crate::policy::{Finding, WordRule};

/// Longest word or phrase, in Unicode scalar values.
pub const WORD_MAX: usize = 100;

/// Most words. So many take some hundred megabytes once they are ready to be looked for.
pub const WORDS_MAX: usize = 200_000;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong, and what would do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// Reads a word file: lines of `word` (which refuses a text) or `word = reject | placeholder | mask | flag | allow`,
/// empty ones, and comments, which begin a line with `#`.
///
/// # Errors
///
/// All lines that say nothing, or the same as another.
pub fn parse(text: &str) -> Result<Vec<WordRule>, Vec<Problem>> {
    let mut rules = Vec::new();
    let mut problems = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (n, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let number = n + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let rule = rule(line).and_then(|rule| {
            let key = fold::plain(&rule.word).text().to_owned();
            match seen.insert(key, number) {
                Some(first) => Err(format!(
                    "the word stands in line {first} already; keep one of the two"
                )),
                None if rules.len() == WORDS_MAX => {
                    Err(format!("a word file has at most {WORDS_MAX} words"))
                }
                None => Ok(rule),
            }
        });
        match rule {
            Ok(rule) => rules.push(rule),
            Err(message) => problems.push(Problem {
                line: number,
                message,
            }),
        }
    }
    if problems.is_empty() {
        Ok(rules)
    } else {
        Err(problems)
    }
}

fn rule(line: &str) -> Result<WordRule, String> {
    let (word, finding) = match line.rsplit_once('=') {
        None => (line, Finding::Reject),
        Some((word, finding)) => (word.trim_end(), self::finding(finding.trim())?),
    };
    if fold::plain(word).text().trim().is_empty() {
        return Err("there is no word before `=`".to_owned());
    }
    if word.chars().count() > WORD_MAX {
        return Err(format!(
            "a word or phrase has at most {WORD_MAX} characters"
        ));
    }
    Ok(WordRule {
        word: word.to_owned(),
        finding,
    })
}

fn finding(name: &str) -> Result<Finding, String> {
    match name {
        "allow" => Ok(Finding::Allow),
        "flag" => Ok(Finding::Flag),
        "mask" => Ok(Finding::Mask),
        "placeholder" => Ok(Finding::Placeholder),
        "reject" => Ok(Finding::Reject),
        _ => Err(format!(
            "`{name}` is none of `reject`, `placeholder`, `mask`, `flag`, `allow`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_phrases_findings_and_comments() {
        let rules = parse(
            "\u{feff}# ours\n\nviagra\n  Moby Dick = allow\ne=mc2=flag\ncasino=mask\r\n#c\n赌博 = placeholder",
        )
        .unwrap();
        let rules: Vec<_> = rules
            .iter()
            .map(|rule| (rule.word.as_str(), rule.finding))
            .collect();
        assert_eq!(
            rules,
            [
                ("viagra", Finding::Reject),
                ("Moby Dick", Finding::Allow),
                ("e=mc2", Finding::Flag),
                ("casino", Finding::Mask),
                ("赌博", Finding::Placeholder),
            ]
        );
    }

    #[test]
    fn every_wrong_line_is_told() {
        let long = "x".repeat(WORD_MAX + 1);
        let text = format!("a = hide\nb\n = mask\nB = allow\n\u{200b} = mask\n{long}\nc =");
        let problems = parse(&text).unwrap_err();
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 3, 4, 5, 6, 7]);
        assert_eq!(
            problems[2].to_string(),
            "line 4: the word stands in line 2 already; keep one of the two"
        );
        assert!(problems[0].message.contains("`hide`"));
    }
}
