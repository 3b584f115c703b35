//! `fanout`: one room, whose members take turns to write, and all others read. Judged by how long until they have it.

use super::Plan;
use crate::{report::Report, tally::Deed, trial::Measure};

pub(super) async fn run(mut plan: Plan) -> anyhow::Result<Report> {
    plan.rooms = 1;
    let what = format!("one room of {}", plan.members);
    let title = plan.title("fanout", &what);
    plan.rounds(title, Measure::Deliveries, || Deed::Send).await
}
