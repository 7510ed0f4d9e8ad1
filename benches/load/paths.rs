//! The operations that are measured, with their requests and what the right answer to each contains.

use diglot::transport::pb;
use prost::Message as _;

use crate::support::{
    exchange::{Exchange, request},
    gateway::{Account, PASSWORD, TENANT},
};

/// How many accounts are logged in.
pub const LOGGED_IN: usize = 50;

/// How many accounts the reads of cached accounts are about.
const CACHED: usize = 500;

/// The bare answer that an operation is compared with.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Floor {
    Protobuf,
    Json,
}

/// What requests are made of.
pub struct Material {
    pub accounts: Vec<Account>,
    /// Of the first [`LOGGED_IN`] accounts.
    pub tokens: Vec<String>,
    pub admin_token: String,
    /// The round, which makes every new display name another one.
    pub round: usize,
}

/// An operation that is measured.
pub struct Path {
    pub name: &'static str,
    pub floor: Floor,
    /// On the web listener.
    pub is_web: bool,
    pub is_write: bool,
    /// The goals for SQLite, and for PostgreSQL with Redis.
    pub goals: [&'static str; 2],
    pub exchanges: fn(&Material) -> Vec<Exchange>,
}

pub const PATHS: [Path; 8] = [
    Path {
        name: "`GET /v1/user/info`, cached, protobuf",
        floor: Floor::Protobuf,
        is_web: false,
        is_write: false,
        goals: ["≥ 0.80, ≤ 1.4 ×"; 2],
        exchanges: |material| own_accounts(material, false),
    },
    Path {
        name: "the same in JSON on the web face",
        floor: Floor::Json,
        is_web: true,
        is_write: false,
        goals: ["≥ 0.75, ≤ 1.5 ×"; 2],
        exchanges: |material| own_accounts(material, true),
    },
    Path {
        name: "`POST /v1/user/get-user`, 500 cached accounts",
        floor: Floor::Protobuf,
        is_web: false,
        is_write: false,
        goals: ["≥ 0.75, ≤ 1.6 ×"; 2],
        exchanges: |material| other_accounts(material, &material.accounts[..CACHED]),
    },
    Path {
        name: "the same, random of all accounts",
        floor: Floor::Protobuf,
        is_web: false,
        is_write: false,
        goals: ["≥ 0.60", "≥ 0.33"],
        exchanges: |material| other_accounts(material, &material.accounts),
    },
    Path {
        name: "`GET /user/profile` by an admin, random",
        floor: Floor::Json,
        is_web: false,
        is_write: false,
        goals: ["≥ 0.50", "≥ 0.30"],
        exchanges: |material| {
            as_users(
                material,
                "GET",
                |_| "/user/profile".to_owned(),
                |account| format!("\"nick_name\":\"{}", account.shown_name()),
            )
        },
    },
    Path {
        name: "`GET /user/online_status`",
        floor: Floor::Json,
        is_web: false,
        is_write: false,
        goals: ["≥ 0.75", "≥ 0.8 of a Redis GET"],
        exchanges: |material| {
            as_users(material, "GET", |_| "/user/online_status".to_owned(), |_| "\"online\":".to_owned())
        },
    },
    Path {
        name: "`PUT /user/nickname` by an admin, random",
        floor: Floor::Json,
        is_web: false,
        is_write: true,
        goals: ["≥ 0.10", "≥ 0.05"],
        exchanges: |material| {
            let path = |account: &Account| {
                let name = format!("{} {}", account.shown_name(), material.round).replace(' ', "%20");
                format!("/user/nickname?nick_name={name}")
            };
            as_users(material, "PUT", path, |_| "\"data\":true".to_owned())
        },
    },
    Path {
        name: "`GET /user/list`, page of 50",
        floor: Floor::Json,
        is_web: false,
        is_write: false,
        goals: ["≥ 0.15", "≥ 0.08"],
        exchanges: |material| {
            let headers = [("app_id", TENANT), ("access-token", &material.admin_token)];
            let page = request("GET", "/user/list?page_size=50", &headers, b"");
            vec![Exchange::new(page, &[b"{\"code\":200,", first_page(material).as_bytes()])]
        },
    },
];

/// Logins with a password, by the accounts that are logged in.
pub fn logins(material: &Material) -> Vec<Exchange> {
    let login = |account: &Account| {
        let headers = [("app_id", TENANT), ("content-type", "application/json")];
        let body = serde_json::json!({"name": account.username, "password": PASSWORD}).to_string();
        let right = format!("\"user_id\":{}", account.id);
        Exchange::new(request("POST", "/token/user", &headers, body.as_bytes()), &[b"{\"code\":200,", right.as_bytes()])
    };
    material.accounts[..LOGGED_IN].iter().map(login).collect()
}

fn own_accounts(material: &Material, is_json: bool) -> Vec<Exchange> {
    let own = |(account, token): (&Account, &String)| {
        let get = request("GET", "/v1/user/info", &[("token", token)], b"");
        let name = account.shown_name();
        let code: &[u8] = if is_json { b"{\"code\":1," } else { &success() };
        Exchange::new(get, &[code, name.as_bytes()])
    };
    material.accounts.iter().zip(&material.tokens).map(own).collect()
}

/// Reads of accounts by the first user, in no order.
fn other_accounts(material: &Material, accounts: &[Account]) -> Vec<Exchange> {
    let headers = [("token", material.tokens[0].as_str()), ("content-type", "application/x-protobuf")];
    let mut exchanges: Vec<Exchange> = accounts
        .iter()
        .map(|account| {
            let body = pb::GetUserRequest { id: account.id.to_string() }.encode_to_vec();
            let name = account.shown_name();
            let post = request("POST", "/v1/user/get-user", &headers, &body);
            Exchange::new(post, &[&success(), name.as_bytes()])
        })
        .collect();
    shuffle(&mut exchanges);
    exchanges
}

/// Requests of the operator acting as each account, in no order.
fn as_users(
    material: &Material,
    method: &str,
    path: impl Fn(&Account) -> String,
    right: impl Fn(&Account) -> String,
) -> Vec<Exchange> {
    let exchange = |account: &Account| {
        let id = account.id.to_string();
        let headers = [("app_id", TENANT), ("access-token", material.admin_token.as_str()), ("user_id", &id)];
        let sent = request(method, &path(account), &headers, b"");
        Exchange::new(sent, &[b"{\"code\":200,", right(account).as_bytes()])
    };
    let mut exchanges: Vec<Exchange> = material.accounts.iter().map(exchange).collect();
    shuffle(&mut exchanges);
    exchanges
}

/// The names on the first page of a list, as it shows them.
fn first_page(material: &Material) -> String {
    format!("\"username\":\"{}\"", material.accounts[0].username)
}

/// The status of a successful protobuf answer, without the request's number.
fn success() -> Vec<u8> {
    pb::Status { code: 1, msg: "success".to_owned(), ..Default::default() }.encode_to_vec()
}

/// Brings items into a random order.
pub fn shuffle<T>(items: &mut [T]) {
    use std::hash::{BuildHasher as _, RandomState};
    let random = RandomState::new();
    for number in (1..items.len()).rev() {
        items.swap(number, usize::try_from(random.hash_one(number) % (number as u64 + 1)).unwrap());
    }
}
