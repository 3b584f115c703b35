//! "Did you mean": the known name nearest to one nobody knows.

/// `; did you mean …?` for the nearest of `known`, or nothing when none is near.
pub(super) fn did_you_mean(name: &str, known: impl IntoIterator<Item = String>) -> String {
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(name, &known), known))
        .min()
        // A third of the letters wrong is another word, not a slip.
        .filter(|(distance, known)| *distance <= known.chars().count().div_ceil(3))
        .map(|(_, known)| format!("; did you mean {known}?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let known = || ["listen".to_owned(), "workers".to_owned()];
        assert_eq!(did_you_mean("lisetn", known()), "; did you mean listen?");
        assert_eq!(did_you_mean("worker", known()), "; did you mean workers?");
        assert_eq!(did_you_mean("colour", known()), "");
    }
}
