//! `storm`: everybody's connection is cut at once, something is said meanwhile, and everybody is back at once and goes on from
//! where they were. A few pairs who stay are watched: others' trouble should not be theirs.

use std::{cell::Cell, collections::BTreeMap, ops::Range, time::Duration};

use anyhow::ensure;
use serde_json::json;

use super::{
    Dialect, Plan,
    client::{Ask, Connect, Leave},
    crowd::{Crowd, back, each},
    rest,
};
use crate::{
    check::Faults,
    course::{Course, Run},
    plan::Pace,
    progress::Progress,
    report::{Report, Storm},
    rounds::Demand,
    stamp::{Line, Stamp},
    tally::{Deed, Latencies},
    trial::{Measure, Trial},
};

/// Pairs who stay.
const PAIRS: u32 = 5;
/// Rooms that somebody writes to at a time while everybody is away.
const AT_ONCE: usize = 64;

pub(super) async fn run(mut plan: Plan) -> anyhow::Result<Report> {
    let Demand::At(pace @ Pace::Rate(..)) = plan.demand else {
        anyhow::bail!("in a storm, those who stay write at a rate: give --rate alone");
    };
    ensure!(
        plan.dialect != Dialect::Raw,
        "bare WebSockets can't go on from where they were"
    );
    let mut sizes = vec![plan.members; plan.rooms as usize];
    sizes.extend([2; PAIRS as usize]);
    let crowd = plan.gather(&sizes, true).await?;
    let away = 0..(plan.rooms * plan.members) as usize;
    let stay = away.end..crowd.world.n_clients();
    let watched = plan.watched();
    let run = Run {
        course: &crowd.world.course,
        timing: plan.timing,
        seed: plan.seed,
        watched: &watched,
    };
    let calm = watch(&run, &crowd, stay.clone(), pace).await;
    let (during, blown) = tokio::join!(
        watch(&run, &crowd, stay, pace),
        blow(&crowd, away.clone(), plan.timing.warm_up)
    );
    let blown = blown?;
    // What is still missing had all the time that the others had.
    crowd.world.course.settled(plan.timing.grace).await;
    let storm = Storm {
        clients: away.len(),
        recovered: blown.recovered,
        seconds_to_last: blown.last.as_secs_f64(),
        back: blown.latencies.summary(),
        failed: blown.failed,
        faults: settle(&crowd, away).await,
        closed: crowd.world.course.take_closed(),
        calm,
        during,
    };
    let what = format!(
        "{} clients in {} rooms of {}, and {PAIRS} pairs who stay",
        storm.clients, plan.rooms, plan.members
    );
    let mut report = Report::new(plan.title("storm", &what), Measure::Deliveries);
    report.storm = Some(Box::new(storm));
    Ok(report)
}

/// Has those who stay write to each other.
async fn watch(run: &Run<'_>, crowd: &Crowd, stay: Range<usize>, pace: Pace) -> Trial {
    let turn = Cell::new(0);
    let ask = async |intended| {
        let n = stay.start + turn.replace((turn.get() + 1) % stay.len());
        let deed = Deed::Send;
        crowd.ask_of(n, Ask { deed, intended }).await;
    };
    let settle = async || settle(crowd, stay.clone()).await;
    run.at(pace, ask, settle).await
}

async fn settle(crowd: &Crowd, some: Range<usize>) -> Faults {
    let mut faults = Faults::default();
    for n in some {
        faults += crowd.settle_one(n).await;
    }
    faults
}

/// What came of those who were away.
#[derive(Default)]
struct Blown {
    last: Duration,
    latencies: Latencies,
    recovered: u64,
    failed: BTreeMap<String, u64>,
}

/// Cuts everybody off after a while, and has them come back.
async fn blow(crowd: &Crowd, away: Range<usize>, after: Duration) -> anyhow::Result<Blown> {
    let course = &crowd.world.course;
    tokio::time::sleep(after).await;
    for n in away.clone() {
        crowd.client(n).send(Leave).await?;
    }
    let rooms = crowd.world.rooms();
    let rooms: Vec<_> = rooms
        .iter()
        .filter(|room| away.contains(&(room.start as usize)))
        .collect();
    each(rooms.len(), AT_ONCE, async |n| {
        say_meanwhile(crowd, rooms[n].clone()).await
    })
    .await?;
    let bar = Progress::of_things("resuming", away.len() as u64, "clients");
    let from = course.now();
    let connect = || Connect {
        resume: true,
        owed: 1,
    };
    let coming = away.clone().map(|n| {
        let client = crowd.client(n).clone();
        actix_rt::spawn(back(client, connect()))
    });
    let mut blown = Blown::default();
    for (n, coming) in coming.collect::<Vec<_>>().into_iter().enumerate() {
        match coming.await? {
            Ok(back) => {
                let took = back.at.saturating_sub(from);
                blown.latencies.record(took);
                blown.last = blown.last.max(Duration::from_micros(took));
                blown.recovered += u64::from(back.recovered);
            }
            Err(error) => *blown.failed.entry(error.to_string()).or_default() += 1,
        }
        bar.to(n as u64 + 1);
    }
    Ok(blown)
}

/// Says one thing in a room whose people are all away, by REST, so that all of them have something to be brought.
async fn say_meanwhile(crowd: &Crowd, room: Range<Line>) -> anyhow::Result<()> {
    let (world, line) = (&crowd.world, room.start);
    let course: &Course = &world.course;
    let number = course.say(line);
    let mut text = String::new();
    // How long they are away is no latency of the node's: it is meant for before any window.
    let intended = 0;
    Stamp {
        line,
        number,
        intended,
    }
    .write(&mut text);
    text.push_str(&world.padding(line));
    let path = format!(
        "/v1/conversations/{}/messages",
        world.seat(line).conversation
    );
    rest::ask(world, "POST", line, &path, &json!({ "text": text })).await?;
    // Who said it did so over another connection, and is told of it as well.
    course.acknowledged(line, number, room.len() as u64);
    Ok(())
}
