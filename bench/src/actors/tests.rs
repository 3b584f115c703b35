//! Small runs on the real core.

use std::time::Duration;

use super::*;
use crate::plan::Spread;

/// Speaks as little as the bench minds: the text, and the number of what is answered.
#[derive(Debug)]
struct Terse;

mod terse {
    use parlour_actors::{
        codec::{ClientFrame, Codec, RequestId, View},
        command::Reply,
        error::{ErrorCode, Failure},
        outbox::Frame,
        push::{Hello, Push},
    };
    use parlour_storage::{
        domain::change::ChangeBody,
        ids::{Epoch, Position},
    };
    use serde_json::json;

    impl Codec for super::Terse {
        fn key(&self) -> u16 {
            1
        }

        fn decode(&self, _text: &str) -> Result<ClientFrame, (RequestId, Failure)> {
            Err((
                RequestId::None,
                Failure::new(ErrorCode::BadRequest, "nobody sends any"),
            ))
        }

        fn hello(&self, _hello: &Hello<'_>) -> Option<Frame> {
            None
        }

        fn push(&self, _epoch: Epoch, push: &Push, _view: View) -> Option<Frame> {
            let Push::Change(change, _) = push else {
                return None;
            };
            let ChangeBody::Sent(message) = &change.body else {
                return None;
            };
            let frame = json!({ "type": "message", "text": message.content.text });
            Some(Frame::Text(frame.to_string().into()))
        }

        fn reply(
            &self,
            _epoch: Epoch,
            request: &RequestId,
            _position: Option<Position>,
            result: Result<&Reply, &Failure>,
        ) -> Option<Frame> {
            let RequestId::Number(id) = request else {
                return None;
            };
            let frame = match result {
                Ok(_) => json!({ "type": "ok", "id": id }),
                Err(failure) => json!({ "type": "error", "id": id, "code": failure.code.label() }),
            };
            Some(Frame::Text(frame.to_string().into()))
        }
    }
}

fn plan(engine: Engine, members: u32, pace: Pace) -> Plan {
    Plan {
        rooms: 3,
        members,
        texts: Texts {
            length: 100,
            keys: true,
        },
        codec: Arc::new(Terse),
        engine,
        demand: Demand::At(pace),
        timing: Timing {
            warm_up: Duration::ZERO,
            measured: Duration::from_secs(20),
            messages_max: 60,
            grace: Duration::from_secs(20),
        },
        seed: 1,
    }
}

/// All that was sent was acknowledged and came to everybody else, once and in order.
async fn runs(engine: Engine, members: u32, pace: Pace) {
    let report = run(plan(engine, members, pace)).await.unwrap();
    let [trial] = &report.trials[..] else {
        panic!("{report}");
    };
    assert!(trial.is_clean(), "{report}");
    assert_eq!(trial.answers.unwrap().n, 60, "{report}");
    let n_deliveries = trial.deliveries.unwrap().n;
    assert_eq!(n_deliveries, 60 * u64::from(members - 1), "{report}");
    assert!(trial.server.unwrap().resident > 0);
}

#[actix::test]
async fn an_open_loop_in_groups_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::Sled(folder.path().to_owned());
    runs(engine, 4, Pace::Rate(500.0, Spread::Poisson)).await;
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is left behind");
}

#[actix::test]
async fn a_closed_loop_in_pairs_in_memory() {
    runs(Engine::Memory, 2, Pace::Flood(8)).await;
}

#[actix::test]
async fn a_folder_that_is_not_there_is_named() {
    let engine = Engine::Sled("/nowhere/at all".into());
    let failed = run(plan(engine, 2, Pace::Flood(1))).await.unwrap_err();
    assert!(failed.to_string().contains("/nowhere/at all"), "{failed:#}");
}
