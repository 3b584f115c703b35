//! `idle`: clients that are there and say nothing. What does a connection cost in memory, and all of them in time?

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::Plan;
use crate::{
    progress::Progress,
    report::{Idle, Report},
    trial::Measure,
};

pub(super) async fn run(mut plan: Plan) -> anyhow::Result<Report> {
    let server = plan.server.clone();
    let server = server.context("idle measures the node's process: say which with --pid")?;
    let before = server.usage()?;
    let crowd = plan.gather(&vec![1; plan.rooms as usize], false).await?;
    let gathered = server.usage()?;
    wait(plan.timing.measured).await;
    let after = server.usage()?;
    let n = crowd.world.n_clients();
    let grown = after.resident.saturating_sub(before.resident);
    let cpu = after.cpu.saturating_sub(gathered.cpu);
    let title = format!("idle: {n} clients, {}", plan.dialect);
    let mut report = Report::new(title, Measure::Answers);
    report.idle = Some(Idle {
        clients: n,
        resident_before: before.resident,
        resident_after: after.resident,
        bytes_per_connection: grown as f64 / n.max(1) as f64,
        seconds: plan.timing.measured.as_secs_f64(),
        cpu: cpu.as_secs_f64() / plan.timing.measured.as_secs_f64().max(f64::EPSILON),
        closed: crowd.world.course.take_closed(),
    });
    Ok(report)
}

/// Lets time pass, and shows it.
async fn wait(time: Duration) {
    let bar = Progress::of_time("idle".to_owned(), time);
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    let from = Instant::now();
    while from.elapsed() < time {
        tick.tick().await;
        bar.to(u64::try_from(from.elapsed().as_millis()).unwrap_or(u64::MAX));
    }
}
