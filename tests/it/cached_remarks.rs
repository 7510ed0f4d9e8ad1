//! Remarks in the cache of a node.

use serde_json::json;

use crate::{
    cache::{two_nodes, wait_until_trusted},
    support::{TestApp, within_a_second},
};

#[actix_web::test]
async fn a_changed_remark_shows_at_once_here_and_soon_on_other_nodes() {
    let (a, b, alice) = two_nodes().await;
    let bob = a.user("bob").await;
    let remark = async |t: &TestApp| {
        let req = t.anon().post("/v1/user/get-user").header("token", &alice.token).json(&json!({"userId": bob.id}));
        let user = req.send().await.json()["data"]["user"].take();
        user["remarkInfo"]["remarkName"].as_str().unwrap_or_default().to_owned()
    };
    for name in ["Bobby", "Bobo"] {
        remark(&a).await;
        remark(&b).await;
        let body = json!({"friendId": bob.id, "name": name});
        alice.v1.post("/v1/user/save-user-remarks").json(&body).send().await.assert_ok();
        assert_eq!(remark(&a).await, name);
        within_a_second(async || remark(&b).await == name).await;
    }
    for (change, name) in [("UPDATE remarks SET name = 'B'", "B"), ("DELETE FROM remarks", "")] {
        a.execute(change).await.unwrap();
        within_a_second(async || remark(&b).await == name).await;
    }
}

#[actix_web::test]
async fn a_remark_is_shown_also_to_someone_with_more_of_them_than_a_node_remembers() {
    let t = TestApp::new().await;
    wait_until_trusted(&t).await;
    let alice = t.user("alice").await;
    let friends = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 201)
         INSERT INTO users (app_id, nickname, name_id, avatar_url, avatar_id, coin_cents, vip_expires_at_ms, status,
                            last_device_sn, registered_at_ms)
         SELECT 'default', 'friend', 1, '', 0, 0, 0, 0, 0, 0 FROM n";
    t.execute(friends).await.unwrap();
    let about = format!("SELECT {}, id, 'R', '', '' FROM users WHERE nickname = 'friend'", alice.id);
    t.execute(&format!("INSERT INTO remarks {about}")).await.unwrap();
    for _ in 0..2 {
        let body = json!({"userId": alice.id + 201});
        let seen = alice.v1.post("/v1/user/get-user").json(&body).send().await.json();
        assert_eq!(seen["data"]["user"]["remarkInfo"]["remarkName"], "R");
    }
}
