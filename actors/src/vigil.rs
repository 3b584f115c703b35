//! Whether the actors of which there is one still live. None of them can be started again alone: what it knew is
//! gone, and everybody else holds its address. So the node asks here, and ends when one is gone.

use std::future::pending;

use actix::{Actor, Addr, Handler, ResponseActFuture, WrapFuture, dev::ToEnvelope};

use crate::{archive::Archive, moderation::Moderation, presence::Presence, system::Core};

/// Asks an actor to take a message and be done with it.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
struct Ping;

/// Is never answered: the asker learns when the actor is gone.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
struct Vigil;

macro_rules! watched {
    ($($actor:ty),*) => {$(
        impl Handler<Ping> for $actor {
            type Result = ();

            fn handle(&mut self, _: Ping, _ctx: &mut Self::Context) {}
        }

        impl Handler<Vigil> for $actor {
            type Result = ResponseActFuture<Self, ()>;

            fn handle(&mut self, _: Vigil, _ctx: &mut Self::Context) -> Self::Result {
                Box::pin(pending().into_actor(self))
            }
        }

        #[cfg(test)]
        impl Handler<crate::room::Crash> for $actor {
            type Result = ();

            fn handle(&mut self, _: crate::room::Crash, _ctx: &mut Self::Context) {
                panic!("an actor was told to crash");
            }
        }
    )*};
}

watched!(Moderation, Archive, Presence);

impl Core {
    /// Whether the actors turn: each of which there is one takes a message and is done with it.
    pub async fn answers(&self) -> bool {
        let actors = self.actors();
        let (moderation, archive, presence) = tokio::join!(
            actors.moderation.send(Ping),
            actors.archive.send(Ping),
            actors.presence.send(Ping),
        );
        moderation.is_ok() && archive.is_ok() && presence.is_ok()
    }

    /// Waits until an actor of which there is one is gone, and says which. It panicked, or its thread ended.
    pub async fn lost_actor(&self) -> &'static str {
        let actors = self.actors();
        tokio::select! {
            () = gone(&actors.moderation) => "Moderation",
            () = gone(&actors.archive) => "Archive",
            () = gone(&actors.presence) => "Presence",
        }
    }
}

async fn gone<A>(actor: &Addr<A>)
where
    A: Actor + Handler<Vigil>,
    A::Context: ToEnvelope<A, Vigil>,
{
    let _gone = actor.send(Vigil).await;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix::dev::ToEnvelope;

    use super::*;
    use crate::{limits::Settings, room::Crash, testkit::TestNode};

    async fn crash<A>(of: impl FnOnce(&Core) -> Addr<A>, name: &str)
    where
        A: Actor + Handler<Crash>,
        A::Context: ToEnvelope<A, Crash>,
    {
        let node = TestNode::start(Settings::default());
        let core = node.core();
        assert!(core.answers().await);
        let quiet = tokio::time::timeout(Duration::from_millis(50), core.lost_actor());
        assert!(quiet.await.is_err(), "nothing happened to it");
        of(core).try_send(Crash).unwrap();
        let lost = tokio::time::timeout(Duration::from_secs(20), core.lost_actor());
        assert_eq!(lost.await.unwrap(), name);
        assert!(!core.answers().await);
    }

    #[actix::test]
    async fn a_panic_of_any_of_them_is_noticed() {
        crash(|core| core.actors().moderation.clone(), "Moderation").await;
        crash(|core| core.actors().archive.clone(), "Archive").await;
        crash(|core| core.actors().presence.clone(), "Presence").await;
    }
}
