//! What operators watch, over both implementations of state (ADR 18).

use diglot::{
    clock::Now,
    model::{Node, SeenNode},
    state::{Event, EventCount, MemoryState, PendingEvents, PresenceNote, Sign, Slot, State},
};

use crate::{
    state::{at, states},
    support::{DAY_MS, HOUR_MS, MINUTE_MS, START_MS, app_id},
};

const TTL_MS: i64 = 60_000;

fn counted(ms: i64, event: Event, count: u64) -> EventCount {
    EventCount { slot: Slot::at(START_MS + ms), event, count }
}

async fn counts(state: &dyn State, app: &str, now: Now) -> Vec<EventCount> {
    let mut counts = state.event_counts(&app_id(app), now).await.unwrap();
    counts.sort_by_key(|count| (count.slot, count.event));
    counts
}

#[actix_web::test]
async fn events_are_counted_per_tenant_and_five_minutes_for_a_day() {
    let states = states();
    for state in &states.all {
        let (shop, forum) = (app_id("shop"), app_id("forum"));
        let first = counted(0, Event::SignIn, 2);
        state.add_events(&shop, &[first], at(0)).await.unwrap();
        state.add_events(&forum, &[counted(0, Event::SignIn, 7)], at(0)).await.unwrap();
        let later = 10 * MINUTE_MS;
        let more = [first, counted(later, Event::CodeFailed, 1)];
        state.add_events(&shop, &more, at(later)).await.unwrap();

        let sum = counted(0, Event::SignIn, 4);
        let expected = [sum, counted(later, Event::CodeFailed, 1)];
        assert_eq!(counts(&**state, "shop", at(later)).await, expected, "{}", state.describe());
        assert_eq!(counts(&**state, "shop", at(23 * HOUR_MS)).await, expected);
        assert_eq!(counts(&**state, "shop", at(24 * HOUR_MS)).await, []);
        // A clock that runs behind is shown nothing that it has not reached.
        assert_eq!(counts(&**state, "shop", at(-2 * HOUR_MS)).await, []);
        assert_eq!(counts(&**state, "nowhere", at(0)).await, []);
    }
}

#[actix_web::test]
async fn pending_events_are_seen_once_before_and_after_they_move_to_the_state() {
    let states = states();
    for state in &states.all {
        let (pending, shop) = (PendingEvents::default(), app_id("pending"));
        let sum = async || {
            let (counts, problem) = pending.with_those_in(&**state, &shop, at(0)).await;
            assert!(problem.is_none());
            counts.iter().map(|count| count.count).sum::<u64>()
        };
        for expected in 1..=3 {
            pending.add(&shop, Event::SignIn, START_MS);
            assert_eq!(sum().await, expected, "{}", state.describe());
            pending.flush(&**state, at(0)).await.unwrap();
            assert_eq!(sum().await, expected);
        }
        assert_eq!(counts(&**state, "pending", at(0)).await, [counted(0, Event::SignIn, 3)]);
    }
}

#[actix_web::test]
async fn pending_events_take_bounded_memory() {
    let (pending, shop) = (PendingEvents::default(), app_id("shop"));
    for number in 0..20_000 {
        pending.add(&shop, Event::SignIn, START_MS + number * 5 * MINUTE_MS);
    }
    let (counts, _) = pending.with_those_in(&MemoryState::default(), &shop, at(0)).await;
    assert_eq!(counts.len(), 10_000);
    assert_eq!(counts.last().unwrap().slot, Slot::at(START_MS + 19_999 * 5 * MINUTE_MS), "the newest stay");
}

fn note(account: &str, device: i32, sign: Sign) -> PresenceNote {
    PresenceNote { account: account.to_owned(), device, sign }
}

async fn online(state: &dyn State, app: &str, ms: i64) -> i64 {
    state.online_accounts(&app_id(app), TTL_MS, at(ms)).await.unwrap()
}

#[actix_web::test]
async fn an_account_is_online_until_its_last_device_is_gone() {
    let states = states();
    for state in &states.all {
        let notes =
            [note("shop:1", 1, Sign::Request), note("shop:2", 1, Sign::Socket), note("shop-2:3", 1, Sign::Request)];
        state.note_presence(&notes, TTL_MS, at(0)).await.unwrap();
        state.note_presence(&[note("shop:1", 2, Sign::Socket)], TTL_MS, at(10_000)).await.unwrap();
        assert_eq!((online(&**state, "shop", 10_000).await, online(&**state, "shop-2", 10_000).await), (2, 1));

        state.end_presence("shop:1", Some(2)).await.unwrap();
        assert_eq!(online(&**state, "shop", 10_000).await, 2, "{}: another device goes on", state.describe());
        assert_eq!(online(&**state, "shop", TTL_MS).await, 0, "{}: until its own end", state.describe());
        state.end_presence("shop:1", Some(1)).await.unwrap();
        assert_eq!(online(&**state, "shop", 10_000).await, 1);
        state.end_socket_presence("shop:2", 1).await.unwrap();
        assert_eq!(online(&**state, "shop", 10_000).await, 0);
        state
            .note_presence(&[note("shop:4", 1, Sign::Request), note("shop:4", 2, Sign::Socket)], TTL_MS, at(0))
            .await
            .unwrap();
        state.end_presence("shop:4", None).await.unwrap();
        assert_eq!(online(&**state, "shop", 0).await, 0);
    }
}

#[actix_web::test]
async fn presence_and_nodes_noted_under_a_clock_that_ran_ahead_do_not_last() {
    let states = states();
    for state in states.all.iter().filter(|state| state.is_shared()) {
        let ahead = Now { wall_ms: START_MS + 200 * DAY_MS, steady_ms: 0 };
        state.note_presence(&[note("ahead:1", 1, Sign::Request)], TTL_MS, ahead).await.unwrap();
        state.note_node(&node("a"), TTL_MS, ahead).await.unwrap();
        assert_eq!(online(&**state, "ahead", 0).await, 0);
        assert_eq!(state.list_nodes(TTL_MS, at(0)).await.unwrap(), []);
        state.note_presence(&[note("ahead:1", 2, Sign::Request)], TTL_MS, at(0)).await.unwrap();
        assert_eq!(online(&**state, "ahead", 0).await, 1);
        state.note_presence(&[note("ahead:1", 3, Sign::Request)], TTL_MS, at(0)).await.unwrap();
        state.end_presence("ahead:1", Some(3)).await.unwrap();
        assert_eq!(online(&**state, "ahead", 0).await, 1, "device 2 goes on");
    }
}

fn node(id: &str) -> Node {
    Node { id: id.to_owned(), host: "h".to_owned(), version: "1".to_owned(), started_at_ms: START_MS }
}

#[actix_web::test]
async fn nodes_are_listed_from_their_first_note_until_they_stop_or_are_silent() {
    let states = states();
    for state in &states.all {
        state.note_node(&node("a"), TTL_MS, at(0)).await.unwrap();
        state.note_node(&node("b"), TTL_MS, at(0)).await.unwrap();
        state.note_node(&node("a"), TTL_MS, at(10_000)).await.unwrap();
        let list = async |ms: i64| {
            let mut nodes = state.list_nodes(TTL_MS, at(ms)).await.unwrap();
            nodes.sort_by(|a, b| a.node.id.cmp(&b.node.id));
            nodes
        };
        let seen = |id: &str, ms: i64| SeenNode { node: node(id), seen_at_ms: START_MS + ms };
        assert_eq!(list(10_000).await, [seen("a", 10_000), seen("b", 0)], "{}", state.describe());
        assert_eq!(list(TTL_MS).await, [seen("a", 10_000)]);
        state.forget_node(&node("a")).await.unwrap();
        assert_eq!(list(10_000).await, [seen("b", 0)]);
        assert_eq!(list(TTL_MS).await, []);
    }
}
