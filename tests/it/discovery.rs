//! The discovery page: users see what admins configure.

use serde_json::{Value, json};

use crate::support::{Client, START_MS, TestApp, User};

async fn create(admin: &Client, kind: &str, body: Value) -> i64 {
    let res = admin.post(&format!("/admin/v1/{kind}/create")).json(&body).send().await;
    res.assert_ok();
    res.json()["data"]["id"].as_i64().unwrap()
}

async fn see(user: &User, path: &str, body: Value) -> Value {
    let res = user.v1.post(&format!("/v1/user/{path}")).json(&body).send().await;
    res.assert_line("json | 200 | 1");
    res.json()["data"].clone()
}

async fn groups(user: &User, body: Value) -> Vec<String> {
    let list = see(user, "recommend-list", body).await["groupList"].clone();
    list.as_array().unwrap().iter().map(|group| group["nickname"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn categories_are_listed_in_sort_order() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let names = || see(&alice, "recommend-category-list", json!({"appChannel": "default"}));
    assert_eq!(names().await, json!({"categories": []}));

    let games = create(&admin, "categories", json!({"name": "游戏", "sort": 2})).await;
    let best = create(&admin, "categories", json!({"name": "精选"})).await;
    assert_eq!(names().await, json!({"categories": ["精选", "游戏"]}));
    let update = |body: Value| admin.post("/admin/v1/categories/update").json(&body).send();
    update(json!({"id": best, "sort": 3})).await.assert_line("json | 200 | 200");
    update(json!({"id": games.to_string(), "name": "Games"})).await.assert_ok();
    assert_eq!(names().await, json!({"categories": ["Games", "精选"]}));
    let taken = "json | 200 | 10002 | invalid request parameter: name is in use";
    update(json!({"id": games, "name": "精选"})).await.assert_line(taken);
    admin.post("/admin/v1/categories/create").json(&json!({"name": "精选"})).send().await.assert_line(taken);
    let listed = admin.get("/admin/v1/categories/list").send().await.json();
    let expected = json!([{"id": games, "name": "Games", "sort": 2}, {"id": best, "name": "精选", "sort": 3}]);
    assert_eq!(listed["data"], expected);

    let delete = |id: i64| admin.post("/admin/v1/categories/delete").json(&json!({"id": id})).send();
    create(&admin, "groups", json!({"nickname": "g", "category": "Games"})).await;
    delete(games).await.assert_line("json | 200 | 10002 | invalid request parameter: groups are in the category");
    delete(best).await.assert_ok();
    delete(best).await.assert_line("json | 200 | 10002 | invalid request parameter: id does not exist");
    assert_eq!(names().await, json!({"categories": ["Games"]}));
}

#[actix_web::test]
async fn groups_have_every_documented_key() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    create(&admin, "categories", json!({"name": "精选"})).await;
    let body = json!({"nickname": "测试群聊", "category": "精选", "introduction": "简介",
        "avatar_url": "https://x.example/a.png", "headcount": 123});
    let id = create(&admin, "groups", body).await;

    let list = see(&alice, "recommend-list", json!({"category": "精选", "keyword": "", "size": 30, "page": 1})).await;
    let expected = json!({"groupList": [{"chatId": id.to_string(), "banId": 0, "nickname": "测试群聊",
        "introduction": "简介", "avatarUrl": "https://x.example/a.png", "headcount": 123,
        "createTime": START_MS / 1000}]});
    assert_eq!(list, expected);
    let listed = admin.get("/admin/v1/groups/list").send().await.json();
    let expected = json!([{"id": id, "nickname": "测试群聊", "category": "精选", "introduction": "简介",
        "avatar_url": "https://x.example/a.png", "headcount": 123, "is_banned": false}]);
    assert_eq!(listed["data"], expected);
}

#[actix_web::test]
async fn groups_are_found_by_category_keyword_and_page() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    for name in ["A", "B"] {
        create(&admin, "categories", json!({"name": name})).await;
    }
    for (nickname, category, introduction) in
        [("Tea House", "A", ""), ("100% Coffee", "A", "no TEA"), ("a_b", "B", ""), ("Ünïcode", "B", "")]
    {
        let body = json!({"nickname": nickname, "category": category, "introduction": introduction});
        create(&admin, "groups", body).await;
    }

    assert_eq!(groups(&alice, json!({})).await, ["Ünïcode", "a_b", "100% Coffee", "Tea House"]);
    assert_eq!(groups(&alice, json!({"category": "B"})).await, ["Ünïcode", "a_b"]);
    assert_eq!(groups(&alice, json!({"category": "nothing"})).await, [""; 0]);
    assert_eq!(groups(&alice, json!({"keyword": "tea"})).await, ["100% Coffee", "Tea House"]);
    assert_eq!(groups(&alice, json!({"keyword": "ÜNÏ"})).await, ["Ünïcode"]);
    assert_eq!(groups(&alice, json!({"keyword": "tea", "category": "B"})).await, [""; 0]);
    // Wildcards of the database are matched literally.
    assert_eq!(groups(&alice, json!({"keyword": "%"})).await, ["100% Coffee"]);
    assert_eq!(groups(&alice, json!({"keyword": "_"})).await, ["a_b"]);
    for field in ["category", "keyword"] {
        let res = alice.v1.post("/v1/user/recommend-list").json(&json!({field: "a\u{0}"})).send().await;
        res.assert_line(&format!("json | 200 | 1100 | 请求参数错误: {field} 包含不允许的字符"));
    }
    let res = t.admin().await.post("/admin/v1/groups/create").json(&json!({"nickname": "a", "category": "\u{0}"}));
    res.send()
        .await
        .assert_line("json | 200 | 10002 | invalid request parameter: category holds characters that are not allowed");
    for keyword in ["!", "\\", "'", "a%b", "tea'--"] {
        assert_eq!(groups(&alice, json!({"keyword": keyword})).await, [""; 0], "{keyword}");
    }
    assert_eq!(groups(&alice, json!({"size": 2, "page": 2})).await, ["100% Coffee", "Tea House"]);
    assert_eq!(groups(&alice, json!({"size": 2, "page": 2_147_483_647})).await, [""; 0]);
    assert_eq!(groups(&alice, json!({"size": 2_147_483_647})).await.len(), 4);
    let res = alice.v1.post("/v1/user/recommend-list").json(&json!({"page": -1})).send().await;
    res.assert_line("json | 200 | 1100 | 请求参数错误: page 必须在 1 到 2147483647 之间");
}

#[actix_web::test]
async fn a_group_can_be_changed_hidden_and_removed() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    for name in ["A", "B"] {
        create(&admin, "categories", json!({"name": name})).await;
    }
    let id = create(&admin, "groups", json!({"nickname": "old", "category": "A", "headcount": 5})).await;
    let update = |body: Value| admin.post("/admin/v1/groups/update").json(&body).send();

    update(json!({"id": id, "nickname": "new", "category": "B"})).await.assert_ok();
    assert_eq!(groups(&alice, json!({"category": "B", "keyword": "new"})).await, ["new"]);
    let list = see(&alice, "recommend-list", json!({})).await;
    assert_eq!(list["groupList"][0]["headcount"], 5);
    update(json!({"id": id, "is_banned": true})).await.assert_ok();
    assert_eq!(groups(&alice, json!({})).await, [""; 0]);
    assert_eq!(admin.get("/admin/v1/groups/list").send().await.json()["data"][0]["is_banned"], true);
    update(json!({"id": id, "is_banned": 0})).await.assert_ok();
    assert_eq!(groups(&alice, json!({})).await, ["new"]);
    for (body, problem) in [
        (json!({"id": id, "category": "C"}), "category does not exist"),
        (json!({"id": id, "headcount": -1}), "headcount must be from 0 to 2147483647"),
        (json!({"id": id, "avatar_url": "javascript:x"}), "avatar_url is malformed"),
        (json!({"id": id, "nickname": " "}), "nickname is required"),
        (json!({"id": 999}), "id does not exist"),
        (json!({"nickname": "x"}), "id is required"),
        (json!({"id": id, "is_banned": 2}), "is_banned is of the wrong type"),
    ] {
        let expected = format!("json | 200 | 10002 | invalid request parameter: {problem}");
        assert_eq!(update(body).await.line(), expected);
    }
    admin.post("/admin/v1/groups/delete").json(&json!({"id": id})).send().await.assert_ok();
    assert_eq!(groups(&alice, json!({})).await, [""; 0]);
    for (body, what) in [(json!({"nickname": "x"}), "category"), (json!({"category": "A"}), "nickname")] {
        let res = admin.post("/admin/v1/groups/create").json(&body).send().await;
        res.assert_line(&format!("json | 200 | 10002 | invalid request parameter: {what} is required"));
    }
}

#[actix_web::test]
async fn bots_have_every_documented_key() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let body = json!({"nickname": "Bot", "introduction": "简介", "avatar_url": "https://x.example/b.png",
        "headcount": 7, "is_add": false, "always_agree": true});
    let first = create(&admin, "bots", body).await;
    let second = create(&admin, "bots", json!({"nickname": "Plain"})).await;

    let bots = see(&alice, "recommend", json!({})).await;
    let expected = json!({"botList": [
        {"chatId": first.to_string(), "chatType": "3", "headcount": "7", "nickname": "Bot", "introduction": "简介",
            "introductions": "", "avatarUrl": "https://x.example/b.png", "isAdd": 0, "isApply": 0, "alwaysAgree": 1},
        {"chatId": second.to_string(), "chatType": "3", "headcount": "0", "nickname": "Plain", "introduction": "",
            "introductions": "", "avatarUrl": "", "isAdd": 1, "isApply": 0, "alwaysAgree": 0},
    ]});
    assert_eq!(bots, expected);
    let update = json!({"id": second, "nickname": "Fancy", "is_add": 0});
    admin.post("/admin/v1/bots/update").json(&update).send().await.assert_ok();
    admin.post("/admin/v1/bots/delete").json(&json!({"id": first})).send().await.assert_ok();
    let listed = admin.get("/admin/v1/bots/list?page_size=10").send().await.json();
    let expected = json!([{"id": second, "nickname": "Fancy", "introduction": "", "avatar_url": "", "headcount": 0,
        "is_add": false, "always_agree": false}]);
    assert_eq!(listed["data"], expected);
}

#[actix_web::test]
async fn advertisements_are_off_until_set() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let set = |body: Value| admin.post("/admin/v1/ads/set").json(&body).send();
    let off = json!({"androidCodeId": "", "bottomHeight": 0, "iosCodeId": "", "isShow": 0});
    assert_eq!(see(&alice, "get-user-show-adv", json!({})).await, off);

    set(json!({"is_show": true, "android_code_id": "a1", "ios_code_id": "i1", "bottom_height": 50})).await.assert_ok();
    set(json!({"ios_code_id": "i2"})).await.assert_ok();
    let on = json!({"androidCodeId": "a1", "bottomHeight": 50, "iosCodeId": "i2", "isShow": 1});
    assert_eq!(see(&alice, "get-user-show-adv", json!({})).await, on);
    let expected = json!({"is_show": true, "android_code_id": "a1", "ios_code_id": "i2", "bottom_height": 50});
    assert_eq!(admin.get("/admin/v1/ads/get").send().await.json()["data"], expected);
    let expected = "json | 200 | 10002 | invalid request parameter: bottom_height must be from 0 to 10000";
    set(json!({"bottom_height": -1, "is_show": false})).await.assert_line(expected);
    assert_eq!(see(&alice, "get-user-show-adv", json!({})).await, on);
}

#[actix_web::test]
async fn the_discovery_page_belongs_to_the_tenant_and_only_admins_change_it() {
    let t = TestApp::new().await;
    let (admin, other, alice) = (t.admin().await, t.admin_of("other").await, t.user("alice").await);
    create(&admin, "categories", json!({"name": "A"})).await;
    let group = create(&admin, "groups", json!({"nickname": "g", "category": "A"})).await;
    let bot = create(&admin, "bots", json!({"nickname": "b"})).await;
    let stranger = t.user_of("other", "stranger").await;

    assert_eq!(groups(&stranger, json!({})).await, [""; 0]);
    assert_eq!(see(&stranger, "recommend", json!({})).await, json!({"botList": []}));
    for (path, body) in [
        ("groups/update", json!({"id": group, "nickname": "x"})),
        ("groups/delete", json!({"id": group})),
        ("bots/update", json!({"id": bot, "nickname": "x"})),
        ("bots/delete", json!({"id": bot})),
    ] {
        let path = format!("/admin/v1/{path}");
        let res = other.post(&path).json(&body).send().await;
        res.assert_line("json | 200 | 10002 | invalid request parameter: id does not exist");
        alice.admin_api.post(&path).json(&body).send().await.assert_line("json | 200 | 10010 | no permission");
    }
    assert_eq!(groups(&alice, json!({})).await, ["g"]);
    for path in ["categories/list", "groups/list", "bots/list", "ads/get"] {
        let res = alice.admin_api.get(&format!("/admin/v1/{path}")).send().await;
        res.assert_line("json | 200 | 10010 | no permission");
    }
    let actions: Vec<String> = t.audit_rows().await.into_iter().map(|row| row.action).collect();
    for action in ["category.create", "group.create", "bot.create"] {
        assert!(actions.iter().any(|known| known == action), "{action}");
    }
}

/// The number of stored counts that differ from the actual ones.
const MISCOUNTED: &str = "
    SELECT count(*) AS number FROM (
        SELECT category_id, bucket, shown FROM recommended_group_counts WHERE shown <> 0
        EXCEPT
        SELECT category_id, id / 1024, count(*) FROM recommended_groups WHERE NOT is_banned GROUP BY 1, 2
        EXCEPT
        SELECT 0, id / 1024, count(*) FROM recommended_groups WHERE NOT is_banned GROUP BY 1, 2
    ) AS counted";

#[actix_web::test]
async fn group_counts_stay_correct_after_every_change() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    for name in ["A", "B"] {
        create(&admin, "categories", json!({"name": name})).await;
    }
    let mut ids = Vec::new();
    for n in 0..12 {
        ids.push(create(&admin, "groups", json!({"nickname": format!("g{n}"), "category": "A"})).await);
    }
    let update = |body: Value| admin.post("/admin/v1/groups/update").json(&body).send();
    let hide = |id: i64| update(json!({"id": id, "is_banned": true}));
    let delete = |id: i64| admin.post("/admin/v1/groups/delete").json(&json!({"id": id})).send();

    // Many concurrent changes, some of them repeated.
    futures_util::future::join_all((0..6).map(|_| hide(ids[0]))).await.iter().for_each(crate::support::Res::assert_ok);
    futures_util::future::join_all((0..6).map(|_| delete(ids[1]))).await;
    update(json!({"id": ids[2], "category": "B"})).await.assert_ok();
    update(json!({"id": ids[0], "is_banned": false, "category": "B"})).await.assert_ok();
    hide(ids[3]).await.assert_ok();
    delete(ids[3]).await.assert_ok();

    assert_eq!(t.number(MISCOUNTED).await, 0);
    assert_eq!(groups(&alice, json!({"category": "B"})).await, ["g2", "g0"]);
    assert_eq!(groups(&alice, json!({"size": 4, "page": 2})).await, ["g7", "g6", "g5", "g4"]);
    assert_eq!(groups(&alice, json!({"size": 4, "page": 3})).await, ["g2", "g0"]);
}

#[actix_web::test]
async fn a_deep_page_of_groups_is_as_fast_as_the_first() {
    const GROUPS: i64 = 100_000;
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let category = create(&admin, "categories", json!({"name": "A"})).await;
    for start in (0..GROUPS).step_by(20_000) {
        let fill = format!(
            "WITH RECURSIVE n(i) AS (SELECT {start} + 1 UNION ALL SELECT i + 1 FROM n WHERE i < {start} + 20000)
             INSERT INTO recommended_groups (app_id, category_id, nickname, search_text, introduction, avatar_url,
                                             headcount, is_banned, created_at_ms)
             SELECT 'default', {category}, 'g' || i, 'g' || i, '', '', 0, i % 10 = 0, 0 FROM n"
        );
        t.execute(&fill).await.unwrap();
    }
    for scope in [0, category] {
        let count = format!(
            "INSERT INTO recommended_group_counts (app_id, category_id, bucket, shown)
             SELECT 'default', {scope}, id / 1024, count(*) FROM recommended_groups WHERE NOT is_banned GROUP BY id / 1024"
        );
        t.execute(&count).await.unwrap();
    }
    let last = GROUPS * 9 / 10 / 20;
    let time = async |body: Value| {
        let started = std::time::Instant::now();
        let names = groups(&alice, body).await;
        assert_eq!(names.len(), 20);
        (started.elapsed().as_secs_f64(), names)
    };

    for category in ["", "A"] {
        let page = |page: i64| json!({"category": category, "size": 20, "page": page});
        let (mut first, mut deep) = (f64::MAX, f64::MAX);
        for _ in 0..10 {
            first = first.min(time(page(1)).await.0);
            deep = deep.min(time(page(last)).await.0);
        }
        assert_eq!(time(page(last)).await.1.last().unwrap(), "g1");
        assert_eq!(groups(&alice, page(last + 1)).await, [""; 0]);
        assert!(deep < first * 3.0, "first page {first} s, deep page {deep} s");
    }
}

/// The names of a list read page by page by cursor; `between` runs after each page.
async fn read_by_cursor(admin: &Client, list: &str, mut between: impl AsyncFnMut()) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/admin/v1/{list}/list?page_size=2&cursor={cursor}")).send().await.json();
        let data = page["data"].as_array().unwrap();
        assert!(data.len() <= 2, "{page}");
        let name = |item: &Value| item["name"].as_str().or(item["nickname"].as_str()).map(str::to_owned);
        names.extend(data.iter().filter_map(name));
        match page["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return names,
        }
        between().await;
    }
}

#[actix_web::test]
async fn a_list_read_by_cursor_neither_repeats_nor_misses_items() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    for (name, sort) in [("e", 2), ("d", 1), ("c", 1), ("b", 1), ("a", 0)] {
        create(&admin, "categories", json!({"name": name, "sort": sort})).await;
        create(&admin, "bots", json!({"nickname": name})).await;
        create(&admin, "groups", json!({"nickname": name, "category": "e"})).await;
        admin.post("/admin/v1/medals/define").json(&json!({"name": name, "sort": sort})).send().await.assert_ok();
    }
    for (list, expected) in [("groups", "abcde"), ("categories", "adcbe"), ("medals", "adcbe"), ("bots", "edcba")] {
        let names = read_by_cursor(&admin, list, async || {
            // In front of what was read.
            create(&admin, "groups", json!({"nickname": "new", "category": "e"})).await;
        });
        assert_eq!(names.await.concat(), expected, "{list}");
    }
    for cursor in ["x", "1", "1:", "1:x", "1:99999999999999999999"] {
        let res = admin.get(&format!("/admin/v1/bots/list?cursor={cursor}")).send().await;
        res.assert_line("json | 200 | 10002 | invalid request parameter: cursor is malformed");
    }
}
