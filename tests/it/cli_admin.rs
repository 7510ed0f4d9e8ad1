//! The operations of `/admin/v1`, from the shell.

use std::sync::Arc;

use diglot::{
    clock::SystemClock,
    config::Flags,
    domain::registration::{self, Registration},
    gateway::Gateway,
    model::{Password, Username},
};

use crate::support::{Shell, command_line, default_config};

/// A shell with a database that has an app `shop` with one user.
async fn shop() -> Shell {
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    let path = shell.path().join("diglot.db");
    let config = default_config(&Flags::from([("DATABASE_URL", format!("sqlite:{}", path.display()))]));
    let app = Gateway::build(config, Arc::new(SystemClock)).unwrap();
    let new = Registration {
        username: Username::parse("alice").unwrap(),
        password: Password::parse("password", "secret", 1).unwrap(),
    };
    registration::create_or_reset(&app, &command_line("shop"), new).await.unwrap();
    shell
}

#[actix_web::test]
async fn users_get_coins_vip_time_medals_and_bans() {
    let shop = shop().await;
    let adjust = |amount: &'static str, key: &'static str| {
        ["coins", "adjust", "--app", "shop", "--user", "1", "--amount", amount, "--typ", "2", "--reason", "gift"]
            .into_iter()
            .chain(["--idempotency-key", key])
            .collect::<Vec<_>>()
    };
    assert_eq!(shop.run(&adjust("2.50", "a")), "2.50\n");
    assert_eq!(shop.run(&adjust("2.50", "a")), "2.50\n");
    assert_eq!(shop.run(&adjust("-0.45", "b")), "2.05\n");
    assert_eq!(shop.fail(&adjust("-2.06", "c")), "diglot: insufficient coins");
    assert_eq!(shop.fail(&adjust("1.001", "d")), "diglot: amount is malformed");
    shop.run(&["vip", "grant", "--app", "shop", "--user", "1", "--days", "30"]);
    assert_eq!(shop.run(&["medal", "define", "--app", "shop", "--name", "Helper"]), "1\n");
    shop.run(&["medal", "grant", "--app", "shop", "--user", "1", "--medal", "1"]);
    shop.run(&["medal", "revoke", "--app", "shop", "--user", "1", "--medal", "1"]);
    let unknown = ["medal", "grant", "--app", "shop", "--user", "1", "--medal", "2"];
    assert_eq!(shop.fail(&unknown), "diglot: no such medal");
    shop.run(&["ban", "set", "--app", "shop", "--user", "1", "--reason", "spam", "--until", "4102444800"]);
    shop.run(&["ban", "lift", "--app", "shop", "--user", "1"]);
    assert_eq!(shop.fail(&["ban", "lift", "--app", "shop", "--user", "2"]), "diglot: no such user");
    assert_eq!(shop.fail(&["ban", "lift", "--app", "nowhere", "--user", "1"]), "diglot: no such app");
}

#[actix_web::test]
async fn the_discovery_page_is_managed() {
    let shop = shop().await;
    assert_eq!(shop.run(&["category", "create", "--app", "shop", "--name", "Games"]), "1\n");
    shop.run(&["category", "update", "--app", "shop", "--id", "1", "--sort", "-7"]);
    assert_eq!(shop.run(&["category", "list", "--app", "shop"]), "ID  SORT  NAME\n1   -7    Games\n");
    let group = ["group", "create", "--app", "shop", "--nickname", "Chess", "--category", "Games", "--headcount", "3"];
    assert_eq!(shop.run(&group), "1\n");
    shop.run(&["group", "update", "--app", "shop", "--id", "1", "--is-banned", "true"]);
    let groups = "ID  STATE   CATEGORY  NICKNAME\n1   hidden  Games     Chess\n";
    assert_eq!(shop.run(&["group", "list", "--app", "shop"]), groups);
    let used = ["category", "delete", "--app", "shop", "--id", "1"];
    assert_eq!(shop.fail(&used), "diglot: category used");
    shop.run(&["group", "delete", "--app", "shop", "--id", "1"]);
    shop.run(&used);
    assert_eq!(shop.fail(&["bot", "create", "--app", "shop"]), "diglot: nickname is required");
    assert_eq!(shop.run(&["bot", "create", "--app", "shop", "--nickname", "Bot", "--is-add", "true"]), "1\n");
    shop.run(&["bot", "update", "--app", "shop", "--id", "1", "--nickname", "Robot"]);
    assert_eq!(shop.run(&["bot", "list", "--app", "shop"]), "ID  NICKNAME\n1   Robot\n");
    shop.run(&["bot", "delete", "--app", "shop", "--id", "1"]);
    shop.run(&["ads", "set", "--app", "shop", "--is-show", "true", "--bottom-height", "40"]);
    let ads = shop.run(&["ads", "get", "--app", "shop"]);
    assert_eq!(ads, "is_show          true\nandroid_code_id\nios_code_id\nbottom_height    40\n");
    assert_eq!(shop.fail(&["category", "create", "--app", "nowhere", "--name", "x"]), "diglot: no such app");
    assert_eq!(shop.fail(&["category", "list", "--app", "nowhere"]), "diglot: no such app");
}
