//! The audit log (security.md 29): every audited action of the sources leaves its row, and the row tells who did what to
//! whom, on whose behalf, in which app, from where, when and with what result.

mod of_the_app;

use std::{collections::BTreeSet, fs};

use actix_web::http::Method;
use diglot::{
    domain::{
        audit_log,
        imports::{self, NewRecord},
        neighbours, signing_keys, tenants,
    },
    model::{AccountRecord, AccountStatus, AuditAction, AuditFilter, Days, TinodeUid, UserId, Username},
};
use serde_json::{Value, json};

use crate::{
    architecture::sources,
    support::{AuditRow, Client, CodeApp, DAY_MS, MINUTE_MS, PASSWORD, START_MS, TestApp, User, command_line},
};

/// Who sends a request.
#[derive(Clone, Copy)]
enum Actor<'a> {
    Anonymous,
    User(&'a User),
    /// An admin token.
    Admin,
    /// An admin token that acts as a user.
    AdminFor(i64),
}

/// A request, and the action, target and result that its row should have.
type Step<'a> = (Actor<'a>, &'static str, &'a str, Value, &'static str, String, &'static str);

/// A gateway whose audit log is compared with what was done.
struct Audited {
    codes: CodeApp,
    admin: Client,
    admin_token: i64,
    /// The actions whose rows were found.
    seen: BTreeSet<String>,
}

impl Audited {
    async fn new() -> Self {
        let codes = CodeApp::with(|config| config.reloadable.login_tries_per_source = 1000).await;
        let admin = codes.t.admin().await;
        let admin_token = codes.t.number("SELECT MAX(id) AS number FROM admin_tokens").await;
        Self { codes, admin, admin_token, seen: BTreeSet::new() }
    }

    fn t(&self) -> &TestApp {
        &self.codes.t
    }

    async fn walk(&mut self, steps: Vec<Step<'_>>) {
        for step in steps {
            self.take(step).await;
        }
    }

    /// Sends a request and compares the rows with its request id.
    async fn take(&mut self, (actor, method, path, body, action, target, result): Step<'_>) {
        self.t().clock.advance(1000);
        let number = self.seen.len() + self.t().audit_rows().await.len();
        let (address, request_id) = (format!("198.51.100.{}", number % 200), format!("audited-{number}"));
        let client = match actor {
            Actor::Anonymous => self.t().anon().header("app_id", "default"),
            Actor::User(user) if path.starts_with("/v1/") => user.v1.clone(),
            Actor::User(user) => user.admin_api.clone(),
            Actor::Admin => self.admin.clone(),
            Actor::AdminFor(id) => self.admin.clone().header("user_id", &id.to_string()),
        };
        let method: Method = method.parse().unwrap();
        let request = client.from(&address).header("x-request-id", &request_id).request(method, path);
        let res = if body.is_null() { request.send().await } else { request.json(&body).send().await };
        assert_eq!(matches!(res.code(), 1 | 200), result == "ok", "{path}: {}", res.line());

        let rows: Vec<AuditRow> =
            self.t().audit_rows().await.into_iter().filter(|row| row.request_id == request_id).collect();
        let [row] = rows.as_slice() else { panic!("{path}: {rows:?}") };
        let (kind, id, for_user) = match actor {
            Actor::Anonymous => (0, None, None),
            Actor::User(user) => (1, Some(user.id), None),
            Actor::Admin => (2, Some(self.admin_token), None),
            Actor::AdminFor(user) => (2, Some(self.admin_token), Some(user)),
        };
        assert_eq!((row.actor_kind, row.actor_id, row.for_user), (kind, id, for_user), "{path}");
        self.compare(row, action, &target, &address, result);
    }

    #[track_caller]
    fn compare(&mut self, row: &AuditRow, action: &str, target: &str, address: &str, result: &str) {
        let found = (row.action.as_str(), row.target.as_str(), row.address.as_str(), row.result.as_str());
        assert_eq!(found, (action, target, address, result));
        assert_eq!((row.app_id.as_str(), row.at_ms), ("default", self.t().gateway.clock.now_ms()), "{action}");
        self.seen.insert(action.to_owned());
    }

    /// Compares the newest row with what the command line did.
    async fn command_line_did(&mut self, action: &str, target: &str) {
        let row = self.t().audit_rows().await.pop().unwrap();
        assert_eq!((row.actor_kind, row.actor_id, row.for_user), (3, None, None), "{action}");
        assert_eq!(row.request_id, "", "{action}");
        self.compare(&row, action, target, "", "ok");
        self.t().clock.advance(1000);
    }
}

const OK: &str = "ok";

/// Registration and login, and what an owner does with the account.
async fn act_as_owner(log: &mut Audited) {
    let register = json!({"username": "alice", "password": PASSWORD});
    let login = json!({"name": "alice", "password": PASSWORD, "device_guid": "phone"});
    let wrong = json!({"name": "alice", "password": "wrong"});
    log.walk(vec![
        (Actor::Anonymous, "POST", "/user/register/v2", register, "account.register", "1".into(), OK),
        (Actor::Anonymous, "POST", "/token/user", login.clone(), "session.login", "1".into(), OK),
        (Actor::Anonymous, "POST", "/token/user", wrong, "session.login", "1".into(), "login refused"),
    ])
    .await;
    let alice = log.t().login("alice", "phone").await;
    let me = || alice.id.to_string();
    let mobile = log.codes.sms_code(&alice.v1, "13812345678").await;
    let email = log.codes.mail_code(&alice.v1, "alice@mail.example", "").await;
    log.t().clock.advance(MINUTE_MS);
    let change = json!({"old_password": PASSWORD, "new_password": "quite another"});
    let user = Actor::User(&alice);
    log.walk(vec![
        (
            user,
            "POST",
            "/v1/user/bing-phone",
            json!({"phone": "13812345678", "captcha": mobile}),
            "account.bind",
            me(),
            OK,
        ),
        (
            user,
            "POST",
            "/v1/user/bing-email",
            json!({"email": "alice@mail.example", "captcha": email}),
            "account.bind",
            me(),
            OK,
        ),
        (user, "GET", "/v1/user/export", Value::Null, "account.export_own", me(), OK),
        (user, "PUT", "/user/username?username=Alicia", Value::Null, "account.set_username", me(), OK),
        (user, "POST", "/user/change_password", change, "account.set_password", me(), OK),
    ])
    .await;
    let code = log.codes.mail_code(&log.t().anon(), "alice@mail.example", "forget_password").await;
    let reset = json!({"email": "alice@mail.example", "captcha": code, "password": PASSWORD});
    log.take((Actor::Anonymous, "POST", "/v1/user/forget-password", reset, "account.reset_password", me(), OK)).await;
    log.t().clock.advance(MINUTE_MS);
    let code = log.codes.sms_code(&log.t().anon(), "13812345678").await;
    let exchange = format!("/app/user/info_pwd?mobile=13812345678&captcha={code}");
    let again = ("session.login", "mobile:13812345678".to_owned(), "code wrong");
    for (action, target, result) in [("session.issue_password", me(), OK), again] {
        log.take((Actor::Anonymous, "GET", &exchange, Value::Null, action, target, result)).await;
    }

    let alice = log.t().login("Alicia", "phone").await;
    let user = Actor::User(&alice);
    log.walk(vec![(
        user,
        "POST",
        "/user/kick?device_sn=1",
        Value::Null,
        "session.kick",
        format!("{}: device 1", alice.id),
        OK,
    )])
    .await;
    let (phone, tablet) = (log.t().login("Alicia", "phone").await, log.t().login("Alicia", "tablet").await);
    log.walk(vec![
        (Actor::User(&phone), "POST", "/v1/user/logout", Value::Null, "session.logout", me(), OK),
        (
            Actor::User(&tablet),
            "POST",
            "/user/device/remove?device_sn=1",
            Value::Null,
            "device.remove",
            format!("{}: device 1", alice.id),
            OK,
        ),
        (Actor::User(&tablet), "POST", "/user/delete", json!({"password": PASSWORD}), "account.delete", me(), OK),
    ])
    .await;
}

/// What an admin does to accounts.
async fn act_on_accounts(log: &mut Audited) {
    let bob = log.t().user("bob").await.id;
    let (admin, id) = (Actor::Admin, || bob.to_string());
    let list = json!({"list": [bob]});
    let batch = json!({"list": [{"username": "carol", "password": PASSWORD}]});
    let until = START_MS / 1000 + 86_400;
    let coins = json!({"user_id": bob, "amount": 2.5, "typ": 2, "reason": "r", "idempotency_key": "k"});
    let spend = json!({"user_id": bob, "amount": -9, "typ": 6, "reason": "r", "idempotency_key": "l"});
    let medal = json!({"user_id": bob, "medal_id": 1});
    let unknown = json!({"user_id": bob, "medal_id": 99});
    log.walk(vec![
        (admin, "POST", "/user/register/batch", batch, "account.register", (bob + 1).to_string(), OK),
        (admin, "PUT", "/user/disable", list.clone(), "account.disable", id(), OK),
        (admin, "PUT", "/user/enable", list, "account.enable", id(), OK),
        (
            admin,
            "POST",
            "/admin/v1/vip/grant",
            json!({"user_id": bob, "days": 3}),
            "vip.grant",
            format!("{bob}: 3 days"),
            OK,
        ),
        (admin, "POST", "/admin/v1/medals/define", json!({"name": "M"}), "medal.define", "M".into(), OK),
        (admin, "POST", "/admin/v1/medals/grant", medal.clone(), "medal.grant", format!("{bob}: 1"), OK),
        (admin, "POST", "/admin/v1/medals/grant", unknown, "medal.grant", format!("{bob}: 99"), "no such medal"),
        (admin, "POST", "/admin/v1/medals/revoke", medal, "medal.revoke", format!("{bob}: 1"), OK),
        (
            admin,
            "POST",
            "/admin/v1/bans/set",
            json!({"user_id": bob, "reason": "r", "until": until}),
            "ban.set",
            id(),
            OK,
        ),
        (admin, "POST", "/admin/v1/bans/lift", json!({"user_id": bob}), "ban.lift", id(), OK),
        (admin, "POST", "/admin/v1/coins/adjust", coins, "coins.adjust", format!("{bob}: record 1"), OK),
        (admin, "POST", "/admin/v1/coins/adjust", spend, "coins.adjust", id(), "insufficient coins"),
        (admin, "POST", "/admin/v1/bans/lift", json!({"user_id": 9999}), "ban.lift", "9999".into(), "no such user"),
    ])
    .await;
}

/// What an admin does as a user, also what the user itself may do without a row.
async fn act_for_a_user(log: &mut Audited) {
    let dave = log.t().user("dave").await.id;
    let (acting, id) = (Actor::AdminFor(dave), || dave.to_string());
    let token = json!({"device_sn": 1, "device_token": "token", "notifier_name": "n"});
    let tags = json!({"tags": ["a"]});
    let dead = json!({"device_tokens": ["dead"]});
    log.walk(vec![
        (acting, "PUT", "/user/nickname?nick_name=D", Value::Null, "profile.rename", id(), OK),
        (acting, "POST", "/user/avatar", json!({"avatar": "https://x.example/a.png"}), "profile.set_avatar", id(), OK),
        (acting, "PUT", "/user/profile", json!({"description": "d"}), "profile.edit", id(), OK),
        (acting, "PUT", "/user/mobile?mobile=13987654321", Value::Null, "account.set_mobile", id(), OK),
        (acting, "PUT", "/user/username?username=david", Value::Null, "account.set_username", id(), OK),
        (acting, "POST", "/user/token/bind", token, "device.bind_token", id(), OK),
        (acting, "POST", "/user/token/unbind?deviceSn=1", Value::Null, "device.unbind_token", id(), OK),
        (acting, "POST", "/user/push/alias", json!({"alias": "a", "push_token": "dead"}), "push.alias", id(), OK),
        (Actor::Admin, "POST", "/admin/v1/push/feedback", dead, "push.feedback", "1 registrations".into(), OK),
        (acting, "POST", "/user/push/badge", json!({"badge": 1}), "push.badge", id(), OK),
        (acting, "POST", "/user/push/tag", tags.clone(), "push.add_tags", id(), OK),
        (acting, "DELETE", "/user/push/tag", tags, "push.remove_tags", id(), OK),
        (acting, "DELETE", "/user/push/tag/all", Value::Null, "push.clear_tags", id(), OK),
        (acting, "PUT", "/user/push?value=true", Value::Null, "settings.edit", id(), OK),
        (
            acting,
            "POST",
            "/user/change_password_admin",
            json!({"password": "another"}),
            "account.set_password",
            id(),
            OK,
        ),
        (acting, "POST", "/user/kick", Value::Null, "session.kick", id(), OK),
        (
            acting,
            "POST",
            "/user/device/remove?device_sn=1",
            Value::Null,
            "device.remove",
            format!("{dave}: device 1"),
            OK,
        ),
        (acting, "POST", "/user/delete", Value::Null, "account.delete", id(), OK),
    ])
    .await;
}

/// What the command line does to an app.
async fn act_at_the_command_line(log: &mut Audited) {
    let operator = command_line("default");
    let gateway = log.t().gateway.clone();
    tenants::create_admin_token(&gateway, &operator, "ops", Some(DAY_MS)).await.unwrap();
    log.command_line_did("admin_token.create", "ops").await;
    assert!(tenants::revoke_admin_token(&gateway, &operator, "ops".to_owned()).await.unwrap());
    log.command_line_did("admin_token.revoke", "ops").await;
    let key = signing_keys::rotate(&gateway, &operator, 0).await.unwrap();
    log.command_line_did("signing_key.rotate", &key).await;
    assert!(signing_keys::revoke(&gateway, &operator, key.clone()).await.unwrap());
    log.command_line_did("signing_key.revoke", &key).await;
    let frank = log.t().user("frank").await.id;
    let (user, uid) = (UserId::stored(frank), TinodeUid::parse("LELEQHDWbgY").unwrap());
    neighbours::link_tinode(&gateway, &operator, user, uid).await.unwrap();
    log.command_line_did("tinode.link", &user.to_string()).await;
    tenants::rotate_secret(&gateway, &operator).await.unwrap();
    log.command_line_did("app.rotate_secret", "default").await;
    tenants::set_registration_open(&gateway, &operator, false).await.unwrap();
    log.command_line_did("app.close", "default").await;
    tenants::set_registration_open(&gateway, &operator, true).await.unwrap();
    log.command_line_did("app.open", "default").await;
    tenants::set_push_sign_required(&gateway, &operator, true).await.unwrap();
    log.command_line_did("app.push_sign", "default").await;
    let filter = AuditFilter { action: Some(AuditAction::Resource("app.".to_owned())), ..AuditFilter::default() };
    audit_log::export(&gateway, &operator, filter).await.unwrap();
    log.command_line_did("audit.export", "action=app.").await;
    audit_log::prune(&gateway, &operator, Days::parse("days", 90).unwrap()).await.unwrap();
    log.command_line_did("audit.prune", "older than 90 days").await;
    let list = vec![NewRecord { record: named("erin"), password: None }];
    assert_eq!(imports::import(&gateway, &operator, list, None, |_| Ok(())).await.unwrap().len(), 1);
    log.command_line_did("account.import", "1 accounts").await;
    imports::begin_export(&gateway, &operator, "csv").await.unwrap();
    log.command_line_did("account.export", "csv").await;
}

fn named(name: &str) -> AccountRecord {
    AccountRecord {
        username: Some(Username::parse(name).unwrap()),
        password_hash: None,
        nickname: None,
        mobile: None,
        is_mobile_confirmed: false,
        email: None,
        avatar: None,
        description: None,
        private_info: None,
        public_info: None,
        status: AccountStatus::Active,
    }
}

/// The names in all `Action::kind("name")` of the sources.
fn actions(kind: &str) -> BTreeSet<String> {
    let start = format!("Action::{kind}(\"");
    let texts = sources("domain").into_iter().map(|path| fs::read_to_string(path).unwrap());
    let names = |text: String| -> Vec<String> {
        text.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    texts.flat_map(names).collect()
}

#[actix_web::test]
async fn every_audited_action_leaves_a_row_that_tells_who_did_what_from_where_and_when() {
    let mut log = Audited::new().await;
    let first = &log.t().audit_rows().await[0];
    assert_eq!((first.action.as_str(), first.target.as_str(), first.actor_kind), ("app.create", "default", 3));
    assert_eq!((first.at_ms, first.result.as_str()), (START_MS, OK));
    log.seen.insert("app.create".to_owned());
    act_as_owner(&mut log).await;
    act_on_accounts(&mut log).await;
    act_for_a_user(&mut log).await;
    of_the_app::act_on_the_discovery_page(&mut log).await;
    of_the_app::act_on_webhooks(&mut log).await;
    act_at_the_command_line(&mut log).await;

    // Only `/v1` has these, where no admin acts as a user.
    let of_users_only =
        ["invitation.set_code", "module.ignore", "notification.register", "profile.remark"].map(str::to_owned);
    let mut expected = actions("new");
    assert!(expected.len() > 30);
    expected.extend(actions("routine").into_iter().filter(|action| !of_users_only.contains(action)));
    assert_eq!(log.seen, expected);
}

#[actix_web::test]
async fn what_users_do_every_day_to_their_own_account_leaves_no_row() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let before = t.audit_rows().await.len();
    alice.admin_api.put("/user/nickname?nick_name=Al").send().await.assert_ok();
    alice.admin_api.put("/user/push?value=true").send().await.assert_ok();
    alice.admin_api.put("/user/profile").json(&json!({"description": "d"})).send().await.assert_ok();
    assert_eq!(t.audit_rows().await.len(), before);
}
