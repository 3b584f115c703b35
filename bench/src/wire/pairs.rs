//! `pairs`: rooms of two, whose people take turns to write. Judged by how long until who wrote has the acknowledgement.

use super::Plan;
use crate::{report::Report, tally::Deed, trial::Measure};

pub(super) async fn run(mut plan: Plan) -> anyhow::Result<Report> {
    plan.members = 2;
    let what = format!("{} rooms of 2", plan.rooms);
    let title = plan.title("pairs", &what);
    plan.rounds(title, Measure::Answers, || Deed::Send).await
}
