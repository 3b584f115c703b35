//! Lists: comma-separated text, an array in TOML.

use super::{Shape, Value};

impl<T: Value> Value for Vec<T> {
    const NAME: &'static str = "LIST";
    const SHAPE: Shape = Shape::List;

    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::new());
        }
        text.split(',').map(|item| T::parse(item.trim())).collect()
    }

    fn print(&self) -> String {
        self.iter().map(T::print).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_is_an_empty_list_and_spaces_do_not_count() {
        assert_eq!(Vec::<usize>::parse(""), Ok(vec![]));
        assert_eq!(Vec::<usize>::parse("1, 2,3"), Ok(vec![1, 2, 3]));
        assert!(Vec::<usize>::parse("1,,2").is_err());
    }
}
