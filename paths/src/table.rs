//! What each path cost and costs, and whether that will do.

use std::fmt;

use crate::{
    baseline::{Baseline, Tools},
    paths::Path,
};

/// One path.
#[derive(Debug)]
pub(crate) struct Row {
    name: &'static str,
    unit: &'static str,
    tolerance: f64,
    before: Option<u64>,
    now: Option<u64>,
}

/// What is to be said of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Neither dearer nor cheaper by more than its tolerance.
    Same,
    Dearer,
    Cheaper,
    /// There is nothing to hold it against.
    New,
}

impl Row {
    pub(crate) fn new(path: &Path, before: &Baseline, now: &Baseline) -> Self {
        let of = |baseline: &Baseline| baseline.instructions.get(path.name).copied();
        Self {
            name: path.name,
            unit: path.unit,
            tolerance: path.tolerance,
            before: of(before),
            now: of(now),
        }
    }

    /// By how many percent it changed.
    fn change(&self) -> Option<f64> {
        let (before, now) = (self.before? as f64, self.now? as f64);
        Some((now / before - 1.0) * 100.0)
    }

    fn verdict(&self) -> Verdict {
        match self.change() {
            Some(change) if change > self.tolerance => Verdict::Dearer,
            Some(change) if change < -self.tolerance => Verdict::Cheaper,
            Some(change) if change.is_finite() => Verdict::Same,
            _ => Verdict::New,
        }
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
    /// Tools that are others than they were.
    other_tools: Vec<String>,
}

impl Table {
    pub(crate) fn new(rows: Vec<Row>, before: &Tools, now: &Tools) -> Self {
        let tools = [
            (&before.rustc, &now.rustc),
            (&before.libc, &now.libc),
            (&before.valgrind, &now.valgrind),
        ];
        let others = tools.into_iter().filter(|(before, now)| before != now);
        Self {
            rows,
            other_tools: others
                .map(|(before, now)| format!("{before}, and here is {now}"))
                .collect(),
        }
    }

    pub(crate) fn passes(&self) -> bool {
        let fails = |row: &Row| matches!(row.verdict(), Verdict::Dearer | Verdict::New);
        !self.rows.iter().any(fails)
    }

    /// The names of those of which the same is to be said.
    fn those(&self, verdict: Verdict) -> Option<String> {
        let those = self.rows.iter().filter(|row| row.verdict() == verdict);
        let names: Vec<_> = those.map(|row| row.name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ANEW: &str = "UPDATE=1 cargo run -p parlour-paths --profile paths";
        writeln!(f, "instructions; the change may be up to the tolerance:\n")?;
        writeln!(
            f,
            "{:<16} {:>12} {:>12} {:>9}  {:>9}  each",
            "path", "baseline", "now", "change", "tolerance"
        )?;
        for row in &self.rows {
            let number = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
            let change = row.change().map(|change| format!("{change:+.2} %"));
            writeln!(
                f,
                "{:<16} {:>12} {:>12} {:>9}  {:>7} %  {}",
                row.name,
                number(row.before),
                number(row.now),
                change.unwrap_or_default(),
                row.tolerance,
                row.unit
            )?;
        }
        for other in &self.other_tools {
            writeln!(
                f,
                "\nThe baseline was counted with {other}: a change may come from there."
            )?;
        }
        if let Some(names) = self.those(Verdict::Dearer) {
            writeln!(
                f,
                "\nDEARER: {names}. Find out why: run the path under `valgrind --tool=callgrind`, and look at it with \
                 `callgrind_annotate`.\nIf it is worth it, take it as the new baseline and say why in the commit: {ANEW}"
            )?;
        }
        if let Some(names) = self.those(Verdict::New) {
            writeln!(f, "\nNEW: {names}. There is no baseline yet: {ANEW}")?;
        }
        if let Some(names) = self.those(Verdict::Cheaper) {
            writeln!(
                f,
                "\nCHEAPER: {names}. Take it as the new baseline, or losing it again will not be seen: {ANEW}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(before: Option<u64>, now: Option<u64>) -> Row {
        Row {
            name: "a-path",
            unit: "thing",
            tolerance: 2.0,
            before,
            now,
        }
    }

    fn tools(rustc: &str) -> Tools {
        Tools {
            rustc: rustc.to_owned(),
            libc: String::new(),
            valgrind: String::new(),
        }
    }

    #[test]
    fn a_change_is_judged_by_the_tolerance() {
        for (before, now, verdict) in [
            (1000, 1000, Verdict::Same),
            (1000, 1019, Verdict::Same),
            (1000, 1021, Verdict::Dearer),
            (1000, 5000, Verdict::Dearer),
            (1000, 981, Verdict::Same),
            (1000, 979, Verdict::Cheaper),
            (0, 5, Verdict::Dearer),
            (0, 0, Verdict::New),
        ] {
            let row = row(Some(before), Some(now));
            assert_eq!(row.verdict(), verdict, "{before} -> {now}");
        }
        let change = row(Some(400), Some(410)).change().unwrap();
        assert!((change - 2.5).abs() < 1e-9, "{change}");
    }

    #[test]
    fn what_there_is_no_baseline_for_fails() {
        assert_eq!(row(None, Some(1)).verdict(), Verdict::New);
        assert_eq!(row(Some(1), None).verdict(), Verdict::New);
    }

    #[test]
    fn one_dearer_path_fails_the_table_and_cheaper_ones_do_not() {
        let table = |rows| Table::new(rows, &tools("1"), &tools("1"));
        let (same, cheaper) = (row(Some(100), Some(101)), row(Some(100), Some(50)));
        let passing = table(vec![same, cheaper]);
        assert!(passing.passes());
        let said = passing.to_string();
        assert!(
            said.contains("CHEAPER: a-path.") && !said.contains("DEARER"),
            "{said}"
        );

        let failing = table(vec![row(Some(100), Some(101)), row(Some(100), Some(103))]);
        assert!(!failing.passes());
        let said = failing.to_string();
        assert!(
            said.contains("DEARER: a-path.") && said.contains("+3.00 %"),
            "{said}"
        );
        assert!(said.contains("UPDATE=1"), "{said}");
        assert!(!table(vec![row(None, Some(1))]).passes());
    }

    #[test]
    fn other_tools_are_named() {
        let table = |before| Table::new(Vec::new(), &tools(before), &tools("rustc 2"));
        let said = table("rustc 1").to_string();
        assert!(
            said.contains("counted with rustc 1, and here is rustc 2"),
            "{said}"
        );
        assert!(!table("rustc 2").to_string().contains("counted with"));
    }
}
