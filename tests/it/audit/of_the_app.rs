//! What an admin does that concerns no account.

use serde_json::json;

use super::{Actor, Audited, OK};

/// What an admin does to the discovery page.
pub(super) async fn act_on_the_discovery_page(log: &mut Audited) {
    let admin = Actor::Admin;
    let mut steps = vec![(admin, "POST", "/admin/v1/ads/set", json!({"is_show": true}), "ads.set", String::new(), OK)];
    for (path, body, action, target) in [
        ("/admin/v1/categories/create", json!({"name": "A"}), "category.create", "A"),
        ("/admin/v1/categories/update", json!({"id": 1, "sort": 2}), "category.update", "1"),
        ("/admin/v1/groups/create", json!({"nickname": "G", "category": "A"}), "group.create", "G"),
        ("/admin/v1/groups/update", json!({"id": 1, "headcount": 2}), "group.update", "1"),
        ("/admin/v1/groups/delete", json!({"id": 1}), "group.delete", "1"),
        ("/admin/v1/bots/create", json!({"nickname": "B"}), "bot.create", "B"),
        ("/admin/v1/bots/update", json!({"id": 1, "nickname": "C"}), "bot.update", "1"),
        ("/admin/v1/bots/delete", json!({"id": 1}), "bot.delete", "1"),
        ("/admin/v1/categories/delete", json!({"id": 1}), "category.delete", "1"),
    ] {
        steps.push((admin, "POST", path, body, action, target.to_owned(), OK));
    }
    log.walk(steps).await;
}

/// What an admin does for the servers beside the gateway.
pub(super) async fn act_on_webhooks(log: &mut Audited) {
    let url = "https://hooks.chat.example/";
    let new = json!({"url": url, "events": ["user.created"]});
    let mut steps = vec![
        (Actor::Admin, "POST", "/admin/v1/webhooks/create", new, "webhook.create", url.to_owned(), OK),
        (
            Actor::Admin,
            "POST",
            "/admin/v1/app/set",
            json!({"access_token_secs": 60}),
            "app.access_tokens",
            "default".to_owned(),
            OK,
        ),
        (
            Actor::Admin,
            "POST",
            "/admin/v1/app/set",
            json!({"client_config": {"a": 1}}),
            "app.client_config",
            "default".to_owned(),
            OK,
        ),
        (
            Actor::Admin,
            "POST",
            "/admin/v1/app/set",
            json!({"invitations_goal": 5}),
            "app.rewards",
            "default".to_owned(),
            OK,
        ),
    ];
    for (path, action) in [
        ("/admin/v1/webhooks/rotate", "webhook.rotate"),
        ("/admin/v1/webhooks/resend", "webhook.resend"),
        ("/admin/v1/webhooks/delete", "webhook.delete"),
    ] {
        steps.push((Actor::Admin, "POST", path, json!({"id": 1}), action, "1".to_owned(), OK));
    }
    log.walk(steps).await;
}
