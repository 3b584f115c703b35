//! Phone numbers: stretches of digits that are grouped, begin or are announced as phone numbers are.
//!
//! No numbering plan is looked up: those that work are of 200 countries and change monthly. A `+` settles it; without, a
//! stretch has to look like a number people dial, and like nothing else.

use std::ops::Range;

use super::digits;

/// Digits of the longest number (ITU-T E.164), and of the shortest that is looked for.
const DIGITS_MAX: usize = 15;
const DIGITS_MIN: usize = 7;

/// Words that announce one, and words that announce another sort of number; a few before it count.
const ANNOUNCES: [&str; 17] = [
    "call", "text", "txt", "sms", "phone", "tel", "mobile", "cell", "whatsapp", "signal", "viber",
    "telegram", "ring", "dial", "telefon", "handy", "telefono",
];
const DENIES: [&str; 21] = [
    "order",
    "invoice",
    "ref",
    "reference",
    "id",
    "ticket",
    "tracking",
    "case",
    "booking",
    "parcel",
    "isbn",
    "iban",
    "account",
    "article",
    "item",
    "sku",
    "serial",
    "version",
    "no",
    "nr",
    "receipt",
];
const WORDS_BEFORE: usize = 3;

/// Digits without anything between them.
#[derive(Debug)]
struct Group {
    digits: Vec<u8>,
    range: Range<usize>,
    /// What stands between it and the group before.
    after: Option<char>,
}

/// Groups with what may stand between those of one number.
#[derive(Debug, Default)]
struct Stretch {
    groups: Vec<Group>,
    /// Where its `+` or its `(` is.
    plus: Option<usize>,
    bracket: Option<usize>,
}

/// Adds where they are.
pub(super) fn look(text: &str, found: &mut Vec<Range<usize>>) {
    // Most texts have too few digits.
    let n_digits = if text.is_ascii() {
        text.bytes().filter(u8::is_ascii_digit).count()
    } else {
        let digits = text.chars().filter(|c| digits::value(*c).is_some());
        digits.take(DIGITS_MIN).count()
    };
    if n_digits < DIGITS_MIN {
        return;
    }
    let chars: Vec<(usize, char)> = text
        .char_indices()
        .filter(|(_, c)| !is_keycap(*c))
        .collect();
    let mut at = 0;
    while at < chars.len() {
        if digits::value(chars[at].1).is_none() {
            at += 1;
            continue;
        }
        let (stretch, next) = stretch(text, &chars, at);
        look_in(text, &stretch, found);
        at = next;
    }
}

/// Reads on from a digit.
fn stretch(text: &str, chars: &[(usize, char)], from: usize) -> (Stretch, usize) {
    let char_at = |n: usize| chars.get(n).map(|(_, c)| *c);
    let is_digit = |n: usize| char_at(n).is_some_and(|c| digits::value(c).is_some());
    let mut stretch = Stretch::default();
    let mut before = from;
    while let Some(n) = before.checked_sub(1) {
        match chars[n] {
            (at, '(') if stretch.bracket.is_none() => stretch.bracket = Some(at),
            (at, '+' | '＋') => {
                stretch.plus = Some(at);
                before = n;
                break;
            }
            _ => break,
        }
        before = n;
    }
    let last = before.checked_sub(1).and_then(char_at);
    let after_digit = before >= 2 && is_digit(before - 2);
    // Part of a name, a price, a time, a decimal fraction.
    let mut spoilt = last.is_some_and(|c| {
        c.is_alphanumeric() || "#$€£¥₹₽_=&@".contains(c) || (":,.".contains(c) && after_digit)
    });
    let mut at = from;
    let mut after = None;
    loop {
        let first = at;
        let mut group = Vec::new();
        while let Some(digit) = char_at(at).and_then(digits::value) {
            group.push(digit);
            at += 1;
        }
        let end = chars.get(at).map_or(text.len(), |(at, _)| *at);
        // What goes on as a time, a fraction, a unit or a name isn't part of a number.
        let goes_on = char_at(at).is_some_and(|c| {
            (":,".contains(c) && is_digit(at + 1))
                || c.is_alphanumeric()
                || "%€$£¥₹₽°_=@".contains(c)
        });
        // Such a group is none; those before or behind it may be.
        if goes_on {
            return (stretch, at);
        }
        if spoilt {
            spoilt = false;
            stretch.plus = None;
            stretch.bracket = None;
        } else {
            stretch.groups.push(Group {
                digits: group,
                range: chars[first].0..end,
                after,
            });
        }
        let mut between = at;
        while between - at < 3 && char_at(between).is_some_and(is_between) {
            between += 1;
        }
        if between == at || !is_digit(between) {
            return (stretch, at);
        }
        // A bracket or a dash says more than the space beside it.
        after = chars[at..between]
            .iter()
            .map(|(_, c)| *c)
            .find(|c| !c.is_whitespace())
            .or(Some(' '));
        at = between;
    }
}

/// Looks for numbers in a stretch: all of it, or some groups that spaces set apart.
fn look_in(text: &str, stretch: &Stretch, found: &mut Vec<Range<usize>>) {
    let groups = stretch.groups.as_slice();
    let apart = |n: usize| n == 0 || n == groups.len() || groups[n].after == Some(' ');
    let mut from = 0;
    while from < groups.len() {
        let plus = stretch.plus.filter(|_| from == 0);
        let most = groups.len().min(from + DIGITS_MAX);
        let end = (from + 1..=most)
            .rev()
            .filter(|end| apart(from) && apart(*end))
            .find(|end| {
                let start = groups[from].range.start;
                is_phone(&groups[from..*end], plus.is_some(), || {
                    announced(&text[..start])
                })
            });
        match end {
            Some(end) => {
                let first = groups[from].range.start;
                let opened = stretch.bracket.filter(|_| from == 0);
                let start = plus.or(opened).map_or(first, |at| at.min(first));
                found.push(start..groups[end - 1].range.end);
                from = end;
            }
            None => from += 1,
        }
    }
}

fn is_phone(groups: &[Group], plus: bool, announced: impl Fn() -> Option<bool>) -> bool {
    let digits: Vec<u8> = groups
        .iter()
        .flat_map(|group| group.digits.iter().copied())
        .collect();
    if !(DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) {
        return false;
    }
    let zeros = digits.iter().rev().take_while(|digit| **digit == 0).count();
    if zeros >= 5 {
        return false;
    }
    if plus {
        return digits.len() > DIGITS_MIN;
    }
    if is_other(groups, &digits) {
        return false;
    }
    match announced() {
        Some(announced) => announced,
        None => looks_dialled(groups, &digits),
    }
}

/// Whether people dial what is grouped so, or begins so.
fn looks_dialled(groups: &[Group], digits: &[u8]) -> bool {
    let lens: Vec<usize> = groups.iter().map(|group| group.digits.len()).collect();
    let (first, n) = (digits[0], digits.len());
    let is_american = |digits: &[u8]| digits[0] >= 2 && digits[3] >= 2;
    match (lens.as_slice(), first) {
        // From abroad, and from within: most of the world dials a zero first.
        (_, 0) if digits[1] == 0 => n >= 10,
        (_, 0) => (9..=12).contains(&n),
        ([10], _) => is_american(digits) || first >= 6,
        ([11], 1) => is_american(&digits[1..]) || digits[1] >= 3,
        ([11], 7 | 8) => digits[1] == 9,
        ([3, 3, 4] | [3, 7], 2..) => is_american(digits),
        ([1, 3, 3, 4], 1) => is_american(&digits[1..]),
        ([1, 3, 3, 2, 2], 7 | 8) => true,
        ([3, 3, 3] | [3, 2, 2, 2], 5..) => digits[n - 3..] != [0, 0, 0],
        ([5, 5], 6..) => true,
        ([3, 4, 4], 1) | ([2, 5, 4], 1..) => !groups.iter().any(is_year),
        _ => false,
    }
}

/// Whether it is a date, years, an address of a computer, a book, an amount.
fn is_other(groups: &[Group], digits: &[u8]) -> bool {
    // Five pairs, as the French write theirs, begin like a date.
    if groups.len() == 5 && groups.iter().all(|group| group.digits.len() == 2) {
        return digits[0] != 0;
    }
    let sep = |n: usize| groups.get(n).and_then(|group| group.after);
    let same_sep = |c: char| (1..groups.len()).all(|n| sep(n) == Some(c));
    let is_address = groups.len() == 4 && same_sep('.') && groups.iter().all(|g| number(g) < 256);
    let is_book = (digits.len() == 13 && digits.starts_with(&[9, 7]) && groups.len() > 1)
        || (groups.len() == 4 && groups[0].digits.len() == 1 && groups[3].digits.len() == 1);
    let thousands = groups.len() > 1 && groups[1..].iter().all(|group| group.digits.len() == 3);
    let is_amount = thousands && digits[0] != 0 && (groups[0].digits.len() < 3 || same_sep('.'));
    is_address
        || is_book
        || is_amount
        || groups.windows(3).step_by(3).any(is_date)
        || groups.rchunks_exact(3).next().is_some_and(is_date)
        || (groups.len() > 1 && groups.iter().all(is_year))
}

fn is_date(groups: &[Group]) -> bool {
    let [a, b, c] = groups else { return false };
    if b.after != c.after {
        return false;
    }
    let (x, y, z) = (number(a), number(b), number(c));
    let is_day_and_month =
        |x, y| (1..=31).contains(&x) && (1..=31).contains(&y) && (x <= 12 || y <= 12);
    (is_year(a) && is_day_and_month(y, z))
        || (is_year(c) && is_day_and_month(x, y))
        || (c.digits.len() == 2
            && z < 100
            && b.after != Some(' ')
            && a.digits.len() <= 2
            && b.digits.len() <= 2
            && is_day_and_month(x, y))
}

fn is_year(group: &Group) -> bool {
    group.digits.len() == 4 && (1900..2100).contains(&number(group))
}

fn number(group: &Group) -> u64 {
    group.digits.iter().fold(0_u64, |number, digit| {
        number.saturating_mul(10).saturating_add(u64::from(*digit))
    })
}

/// What the words before say of a number, if anything.
fn announced(before: &str) -> Option<bool> {
    let words = before
        .rsplit(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let words: Vec<String> = words.take(WORDS_BEFORE).map(str::to_lowercase).collect();
    let is_one_of = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if is_one_of(&DENIES) {
        return Some(false);
    }
    is_one_of(&ANNOUNCES).then_some(true)
}

/// What may stand between the digits of one number.
fn is_between(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{202f}' | '\u{2007}' | '\u{2009}' | '-' | '\u{2010}'
            ..='\u{2015}' | '.' | '/' | '(' | ')' | '·' | '~'
    )
}

/// The marks that make a digit a key, and what can't be seen.
fn is_keycap(c: char) -> bool {
    matches!(
        c,
        '\u{fe0f}' | '\u{20e3}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        look(text, &mut found);
        found.into_iter().map(|part| &text[part]).collect()
    }

    #[test]
    fn phone_numbers_are_found_exactly() {
        for (text, number) in [
            ("+49 30 901820", "+49 30 901820"),
            ("call me: +1 (555) 234-5678!", "+1 (555) 234-5678"),
            ("(555) 234-5678", "(555) 234-5678"),
            ("555-234-5678", "555-234-5678"),
            ("555.234.5678 ok", "555.234.5678"),
            ("5552345678", "5552345678"),
            ("1-800-234-5678", "1-800-234-5678"),
            ("06 12 34 56 78", "06 12 34 56 78"),
            ("06.12.34.56.78", "06.12.34.56.78"),
            ("0612345678", "0612345678"),
            ("my number 07911 123456, ok?", "07911 123456"),
            ("0171/1234567", "0171/1234567"),
            ("0049 171 1234567", "0049 171 1234567"),
            ("612 345 678", "612 345 678"),
            ("98765 43210", "98765 43210"),
            ("8 (916) 123-45-67", "8 (916) 123-45-67"),
            ("13812345678", "13812345678"),
            ("text 555-1234", "555-1234"),
            ("WhatsApp: 2345 6789", "2345 6789"),
            ("٠٦١٢٣٤٥٦٧٨", "٠٦١٢٣٤٥٦٧٨"),
            ("０６１２３４５６７８", "０６１２３４５６７８"),
            ("0️⃣6️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "0️⃣6️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣"),
            ("at 10 0612345678", "0612345678"),
            ("0612345678 at 10:30", "0612345678"),
            ("0-6-1-2-3-4-5-6-7-8", "0-6-1-2-3-4-5-6-7-8"),
            ("2024-01-02 0612345678", "0612345678"),
        ] {
            assert_eq!(found(text), [number], "{text}");
        }
        assert_eq!(
            found("0612345678 or 0712345678"),
            ["0612345678", "0712345678"]
        );
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "2024-11-21",
            "21.11.2024",
            "11/21/2024 12:30:45",
            "01.02.2024 12:30",
            "12:30 01.02.2024",
            "01.02.2024-05.02.2024",
            "01.02.2024 14 people",
            "1990-2024",
            "1920 1080",
            "1.000.000",
            "10 000 000 000",
            "$1234567890",
            "1234567890 $",
            "12345678,99",
            "3.141592653589",
            "192.168.100.200",
            "v10.12.2024",
            "#0612345678",
            "order 5552345678",
            "Order no. 0612345678",
            "tracking id: 5552345678",
            "1700000000",
            "978-3-16-148410-0",
            "4111 1111 1111 1111",
            "ABC0612345678",
            "0612345678kg",
            "user_0612345678",
            "12 34 56",
            "100-2000 people",
            "5000000000",
            "+1000000",
            "10 20 30 40 50",
            "1 2 3 4 5 6 7 8 9",
            "123456",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn a_wall_of_digits_takes_linear_time() {
        for text in [
            "1 ".repeat(20_000),
            "1".repeat(40_000),
            "0 6 12 ".repeat(6_000),
        ] {
            assert!(found(&text).len() < 12_000);
        }
    }
}
