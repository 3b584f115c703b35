//! The picture: p50, p99 and p99.9 over the load that was offered, both on scales of ratios.
//!
//! Written by hand: lines, dots and words are all that it takes.

use std::fmt::Write as _;

use super::Report;
use crate::{tally::Summary, trial::Trial};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;

/// What is drawn: its name, its colour, and where it stands.
type Curve = (&'static str, &'static str, fn(Summary) -> f64);

const CURVES: [Curve; 3] = [
    ("p50", "#2a7f62", |of| of.p50),
    ("p99", "#1f5fa8", |of| of.p99),
    ("p99.9", "#b3541e", |of| of.p999),
];

/// A scale of ratios, from one power of ten to another.
struct Scale {
    from: i32,
    to: i32,
    at: f64,
    length: f64,
}

impl Scale {
    /// One that has all these values, of which there is at least one.
    fn of(values: &[f64], at: f64, length: f64) -> Self {
        let power = |value: f64| value.max(1e-3).log10();
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(0.0, f64::max);
        let from = power(low).floor() as i32;
        let to = (power(high).ceil() as i32).max(from + 1);
        Self {
            from,
            to,
            at,
            length,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let part =
            (value.max(1e-3).log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        self.at + part * self.length
    }

    fn steps(&self) -> impl Iterator<Item = f64> {
        (self.from..=self.to).map(|power| 10_f64.powi(power))
    }
}

/// Draws it, if there was an open loop.
pub(super) fn draw(report: &Report) -> Option<String> {
    let mut points: Vec<(f64, Summary, &Trial)> = report
        .trials
        .iter()
        .filter_map(|trial| Some((trial.offered?, trial.judged(report.measure)?, trial)))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let loads: Vec<f64> = points.iter().map(|(load, ..)| *load).collect();
    let of_curves = |of: &Summary| CURVES.map(|(.., value)| value(*of));
    let mut waits: Vec<f64> = points.iter().flat_map(|(_, of, _)| of_curves(of)).collect();
    waits.extend(report.p99_max_ms.filter(|_| !waits.is_empty()));
    if loads.is_empty() {
        return None;
    }
    let x = Scale::of(&loads, LEFT, WIDTH - LEFT - RIGHT);
    let y = Scale::of(&waits, HEIGHT - BOTTOM, TOP + BOTTOM - HEIGHT);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    text(&mut svg, LEFT, 20.0, "start", &report.title);
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for step in x.steps() {
        let at = x.place(step);
        line(&mut svg, [at, TOP, at, bottom], "#ddd", "");
        text(&mut svg, at, bottom + 18.0, "middle", &number(step));
    }
    for step in y.steps() {
        let at = y.place(step);
        line(&mut svg, [LEFT, at, right, at], "#ddd", "");
        text(&mut svg, LEFT - 6.0, at + 4.0, "end", &number(step));
    }
    text(
        &mut svg,
        (LEFT + right) / 2.0,
        HEIGHT - 20.0,
        "middle",
        "requests offered per second",
    );
    text(&mut svg, LEFT, TOP - 10.0, "end", "ms");
    if let Some(bound) = report.p99_max_ms {
        let at = y.place(bound);
        line(
            &mut svg,
            [LEFT, at, right, at],
            "#1f5fa8",
            " stroke-dasharray=\"6 4\"",
        );
    }
    for (n, (name, colour, value)) in CURVES.iter().enumerate() {
        let at = |(load, of, _): &(f64, Summary, &Trial)| (x.place(*load), y.place(value(*of)));
        let path: Vec<_> = points
            .iter()
            .map(at)
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let path = path.join(" ");
        let _ = writeln!(
            svg,
            "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>"
        );
        for point in &points {
            let ((x, y), trial) = (at(point), point.2);
            // Hollow: the generator lagged, or the node didn't do as it was asked.
            let fill = if trial.lagging || !trial.is_clean() {
                "#fff"
            } else {
                colour
            };
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{fill}\" stroke=\"{colour}\"/>"
            );
        }
        let place = right - 60.0 * (CURVES.len() - n) as f64;
        line(
            &mut svg,
            [place, TOP - 14.0, place + 16.0, TOP - 14.0],
            colour,
            "",
        );
        text(&mut svg, place + 20.0, TOP - 10.0, "start", name);
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

fn line(svg: &mut String, [x1, y1, x2, y2]: [f64; 4], colour: &str, more: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"{more}/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}

/// 0.01 to 1M.
fn number(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{}M", value / 1e6),
        value if value >= 1e3 => format!("{}k", value / 1e3),
        value => format!("{}", (value * 1e3).round() / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_all_values_and_equal_ratios_are_equally_long() {
        let scale = Scale::of(&[3.0, 250.0], 0.0, 300.0);
        assert_eq!((scale.from, scale.to), (0, 3));
        assert_eq!(
            [1.0, 10.0, 1000.0].map(|value| scale.place(value)),
            [0.0, 100.0, 300.0]
        );
        let one = Scale::of(&[10.0], 0.0, 1.0);
        assert_eq!(one.steps().collect::<Vec<_>>(), [10.0, 100.0]);
    }

    #[test]
    fn steps_are_short() {
        assert_eq!(
            [0.01, 1.0, 1e3, 1e4, 1e6].map(number),
            ["0.01", "1", "1k", "10k", "1M"]
        );
    }
}
