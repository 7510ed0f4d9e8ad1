//! Who may call an operation.

use super::{ADMIN_ONLY, TOKENLESS, next, operations, parameters, request};
use crate::support::{Client, TestApp};

#[actix_web::test]
async fn every_operation_refuses_unauthorized_callers() {
    let t = TestApp::new().await;
    let stranger = t.user_of_new_app("other", "stranger").await;
    let other_admin = t.admin_of("other").await;
    for operation in operations() {
        let path = operation.path.as_str();
        if TOKENLESS.contains(&path) {
            continue;
        }
        let at = format!("{} {}", operation.method, path);
        let alice = t.user(&format!("u{}", next())).await;
        let bob = t.user(&format!("u{}", next())).await;
        let with = parameters(&operation, alice.id, next());
        let send = async |client: Client| request(&client, &operation, &with).send().await.code();
        let id = alice.id.to_string();

        assert_eq!(send(t.anon().header("app_id", "default")).await, 10003, "{at}: no token");
        assert_eq!(send(t.anon().header("app_id", "default").header("access-token", "x")).await, 10008, "{at}: forged");
        assert_eq!(send(alice.admin_api.clone().header("app_id", "nowhere")).await, 40000, "{at}: no such app");
        assert_eq!(
            send(stranger.admin_api.clone().header("app_id", "default")).await,
            10008,
            "{at}: user of another app"
        );
        assert_eq!(
            send(other_admin.clone().header("app_id", "default").header("user_id", &id)).await,
            10008,
            "{at}: admin of another app"
        );
        if ADMIN_ONLY.contains(&path) {
            assert_eq!(send(bob.admin_api.clone()).await, 10010, "{at}: a user");
            let own = send(bob.admin_api.clone().header("user_id", &bob.id.to_string())).await;
            assert_eq!(own, 10010, "{at}: a user that names itself");
        } else {
            assert_eq!(send(bob.admin_api.clone().header("user_id", &id)).await, 10010, "{at}: as another user");
            assert_eq!(send(t.admin().await).await, 10002, "{at}: an admin that names nobody");
            assert_eq!(send(other_admin.clone().header("user_id", &id)).await, 10000, "{at}: a user of another app");
            bob.admin_api.post("/user/kick").send().await.assert_ok();
            assert_eq!(send(bob.admin_api.clone()).await, 402, "{at}: ended token");
        }
        for (value, code) in
            [("+1", 10002), ("01", 10002), ("1e3", 10002), ("1 ", 10002), ("-1", 10002), ("9007199254740992", 10002)]
        {
            assert_eq!(send(t.admin().await.header("user_id", value)).await, code, "{at}: user_id {value:?}");
        }
    }
}
