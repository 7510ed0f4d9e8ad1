//! How long images are kept, and where.

use std::process::Command;

use actix_web::http::StatusCode;
use futures_util::future::join;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Gallery, avatar_of, images::picture, path, put, token_of, upload};
use crate::support::{DAY_MS, HOUR_MS, OwnServer, PASSWORD, TestApp, within_a_second};

fn key(url: &serde_json::Value) -> String {
    path(url).rsplit('/').next().unwrap().to_owned()
}

#[actix_web::test]
async fn images_that_no_account_shows_are_deleted_after_a_day() {
    let g = Gallery::new().await;
    let (alice, bob, carol) = (g.t.user("alice").await, g.t.user("bob").await, g.t.user("carol").await);
    let mut names = Vec::new();
    for (user, side) in [(&alice, 10), (&bob, 20), (&carol, 30)] {
        upload(user, picture("png", side, 2 * side + side % 7)).await.assert_ok();
        names.push(key(&avatar_of(user).await));
    }
    let token = token_of(&alice).await;
    put(&g.t.anon(), "/media", &[("token", &token)], &picture("png", 512, 8)).await.json();
    // Alice changes hers, whose image Carol shows as well; Bob's account is erased.
    let shared = avatar_of(&alice).await;
    carol.v1.post("/v1/user/edit-avatar").json(&json!({"avatarUrl": shared})).send().await.assert_ok();
    upload(&alice, picture("png", 512, 512)).await.assert_ok();
    bob.admin_api.post("/user/delete").json(&json!({"password": PASSWORD})).send().await.assert_ok();

    g.t.clock.advance(DAY_MS - HOUR_MS);
    let count = g.files().len();
    assert!(count >= 4, "{count}");
    g.t.clock.advance(2 * HOUR_MS);
    let kept = [names[0].clone(), key(&avatar_of(&alice).await)];
    let rows = async || g.t.number("SELECT COUNT(DISTINCT name) AS number FROM media").await;
    within_a_second(async || g.files().len() == 2 && rows().await == 2).await;
    let mut files = g.files();
    files.sort();
    let mut kept = kept.to_vec();
    kept.sort();
    assert_eq!(files, kept);
}

#[actix_web::test]
async fn nodes_that_share_a_folder_write_no_image_under_the_name_of_another() {
    let g = Gallery::new().await;
    let other = g.t.node_with(g.t.gateway.config.clone()).await;
    let (alice, bob) = (g.t.user("alice").await, other.user("bob").await);
    for round in 1..20 {
        let [one, two] = [2 * round, 2 * round + 1].map(|width| picture("png", width, 60));
        let answers = join(upload(&alice, one), upload(&bob, two)).await;
        assert_eq!((answers.0.status, answers.1.status), (StatusCode::OK, StatusCode::OK));
    }
    let files = g.files();
    assert!(files.len() > 20 && files.iter().all(|name| !name.starts_with('.')), "{files:?}");
    for name in files {
        let content = std::fs::read(g.folder.path().join("media").join(&name)).unwrap();
        let hash: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash[..40], name[..40]);
    }
}

#[actix_web::test]
async fn an_image_that_is_uploaded_again_is_kept_for_another_day() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    for _ in 0..2 {
        let token = token_of(&alice).await;
        let res = put(&g.t.anon(), "/media", &[("token", &token)], &picture("png", 512, 8)).await;
        assert_eq!(res.status, 200);
        g.t.clock.advance(DAY_MS - HOUR_MS);
    }
    actix_web::rt::time::sleep(std::time::Duration::from_millis(400)).await;
    assert_eq!(g.files().len(), 1);
    g.t.clock.advance(2 * HOUR_MS);
    within_a_second(async || g.files().is_empty()).await;
}

#[actix_web::test]
#[ignore = "needs Python's moto: run scripts/test"]
async fn several_nodes_share_a_bucket() {
    let server = OwnServer::s3();
    let bucket = format!("http://{}/avatars", server.address);
    let created = Command::new("curl").args(["-sSf", "-X", "PUT", &bucket]).output().unwrap();
    assert!(created.status.success(), "{created:?}");
    let url = format!("s3://key:secret@{}/avatars?region=us-east-1&path_style=true&tls=false", server.address);
    let t = TestApp::with(|config| config.media = Some(url.parse().unwrap())).await;
    let (node, alice) = (t.another_node().await, t.user("alice").await);

    upload(&alice, picture("jpg", 600, 600)).await.assert_ok();
    let path = path(&avatar_of(&alice).await);
    for node in [&t, &node] {
        let res = node.anon().get(&path).send().await;
        assert_eq!((res.status.as_u16(), res.header("content-type")), (200, "image/jpeg"));
        let image = image::load_from_memory(&res.body).unwrap();
        assert_eq!((image.width(), image.height()), (512, 512));
    }
    let missing = format!("/media/{}.png", "0".repeat(40));
    assert_eq!(t.anon().get(&missing).send().await.status, 404);

    alice.v1.post("/v1/user/edit-avatar").json(&json!({"avatarUrl": "https://a.example/b"})).send().await.assert_ok();
    t.clock.advance(DAY_MS + HOUR_MS);
    within_a_second(async || node.anon().get(&path).send().await.status == 404).await;

    drop(server);
    let res = upload(&alice, picture("jpg", 600, 600)).await;
    assert_eq!(res.status, 503);
}
