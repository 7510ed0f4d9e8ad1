//! Hearing of what changes, on this node and on others, so that nobody is shown what was
//! (docs/adr/0010-cache-and-changes.md).
//!
//! What this node changes it hears before that is answered (`Gateway::build`). What others change it hears from the shared
//! state at once, and finds in the database at the next look if that message got lost.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use futures_util::future;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{Error, presence, sockets};
use crate::{gateway::Gateway, model::Change, state::Heard, store::Db};

/// How often the database is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long what is remembered is good enough after a look: a kick takes effect within a second (security.md 21, 47).
const LEASE: Duration = Duration::from_millis(900);

/// After so long without a look some changes can't be found any more.
const LONGEST_GAP: Duration = Duration::from_secs(3);

/// Between two tries to listen to the shared state.
const LISTEN_PAUSE: Duration = Duration::from_millis(250);

/// How often old changes are deleted.
const FORGET_EVERY: Duration = Duration::from_secs(30);

/// Follows what changes for as long as the node runs, and keeps up that the devices behind its sockets are in use.
pub async fn follow(gateway: &Gateway) {
    future::join4(
        look(gateway, gateway.db.aside()),
        listen(gateway),
        announce(gateway, gateway.events.subscribe()),
        keep_up(gateway),
    )
    .await;
}

/// Looks at the database again and again.
async fn look(gateway: &Gateway, db: Db) {
    let mut last_look: Option<Instant> = None;
    let mut last_cleaning = Instant::now();
    let mut is_failing = false;
    loop {
        let asked = Instant::now();
        match look_once(gateway, &db, last_look, asked).await {
            Ok(()) => {
                last_look = Some(asked);
                gateway.cache.trust_for(asked, LEASE);
                if std::mem::take(&mut is_failing) {
                    log::info!("changes are seen again");
                }
            }
            Err(error) if !is_failing => {
                is_failing = true;
                log::warn!("changes can't be seen; every request asks the database: {error}");
            }
            Err(_) => {}
        }
        if last_cleaning.elapsed() > FORGET_EVERY {
            last_cleaning = Instant::now();
            if let Err(error) = db.forget_changes().await {
                log::warn!("old changes stay for now: {error}");
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn look_once(gateway: &Gateway, db: &Db, last_look: Option<Instant>, asked: Instant) -> Result<(), Error> {
    db.look_for_changes().await?;
    if last_look.is_none_or(|last| asked.duration_since(last) > LONGEST_GAP) {
        gateway.cache.forget_all();
        sockets::close_ended(gateway).await?;
    }
    Ok(())
}

/// Listens to the other nodes.
async fn listen(gateway: &Gateway) {
    let is_failing = AtomicBool::new(false);
    let heard = |heard: Heard| match heard {
        Heard::Connected => {
            gateway.cache.set_hearing(true);
            if is_failing.swap(false, Ordering::Relaxed) {
                log::info!("other nodes are heard again");
            }
        }
        Heard::Changes(changes) => changes.iter().for_each(|change| gateway.hear(change)),
    };
    loop {
        let Err(error) = gateway.state.listen(&heard).await;
        gateway.cache.set_hearing(false);
        if !is_failing.swap(true, Ordering::Relaxed) {
            log::warn!("other nodes can't be heard; every request asks the database: {error}");
        }
        tokio::time::sleep(LISTEN_PAUSE).await;
    }
}

/// Tells the other nodes what this one changes. What can't be told they find in the database.
async fn announce(gateway: &Gateway, mut events: Receiver<Change>) {
    const BATCH: usize = 500;
    loop {
        let mut batch = match events.recv().await {
            Ok(change) => vec![change],
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        while let (true, Ok(change)) = (batch.len() < BATCH, events.try_recv()) {
            batch.push(change);
        }
        if let Err(error) = gateway.state.publish(&batch).await {
            log::debug!("other nodes find {} changes in the database: {error}", batch.len());
        }
    }
}

/// Notes every now and then which devices have sockets here.
async fn keep_up(gateway: &Gateway) {
    let mut last_ms = 0;
    loop {
        let now_ms = gateway.clock.now_ms();
        if now_ms - last_ms >= presence::check_every_ms(gateway) {
            last_ms = now_ms;
            presence::note_sockets(gateway, &gateway.sockets.identities()).await;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
