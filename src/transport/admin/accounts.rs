//! Accounts: registration, listing, search, disabling and enabling, usernames, deletion.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::{AsAnonymous, AsCaller, AsOperator},
    answer::{Answer, BatchAnswer, BatchResult, DONE, Data, ListAnswer, Part},
    params::{Batch, IdsBody, Json, PageQuery, Query, ids, item, number, required},
    settings::SettingsData,
};
use crate::{
    domain::{
        accounts, presence,
        registration::{self, PushRegistration, Registration},
    },
    gateway::Gateway,
    model::{Alias, DeviceKey, FoundUser, Invalid, Password, UserSearch, UserSummary, Username},
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/user/register/v2").post(register, "Registers an account"),
        admin("/user/register/anonymous")
            .post(register_anonymous, "Registers an account, whose login name goes on at random"),
        admin("/user/register/push").post(register_for_push, "Registers an account with a device and a push alias"),
        admin("/user/register/batch")
            .post(register_batch, "Registers accounts, or sets the passwords of those that exist"),
        admin("/user/list").get(list, "Lists the accounts of the app"),
        admin("/admin/v1/users/search")
            .get(search, "Finds accounts by id, login name, number, address or display name"),
        admin("/user/disable").put(disable, "Disables accounts and ends their sessions"),
        admin("/user/enable").put(enable, "Enables accounts"),
        admin("/user/username").put_or_post(set_username, "Changes the login name"),
        admin("/user/delete").delete_or_post(delete_account, "Deletes the account"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct RegisterBody {
    username: Option<String>,
    password: Option<String>,
}

impl RegisterBody {
    fn parse(self, gateway: &Gateway) -> Result<Registration, Invalid> {
        Ok(Registration {
            username: Username::parse(&required("username", self.username)?)?,
            password: Password::parse(
                "password",
                &required("password", self.password)?,
                gateway.reloadable.load().password_min,
            )?,
        })
    }
}

async fn register(
    gateway: web::Data<Gateway>,
    AsAnonymous(anonymous, Json(body)): AsAnonymous<Json<RegisterBody>>,
) -> Answer<SettingsData> {
    let (user, settings) = registration::register(&gateway, &anonymous, body.parse(&gateway)?).await?;
    Ok(Data(SettingsData::new(user, settings)))
}

/// A new account with the login name that it got.
#[derive(Serialize, JsonSchema)]
struct RegisteredData {
    username: String,
    #[serde(flatten)]
    settings: SettingsData,
}

async fn register_anonymous(
    gateway: web::Data<Gateway>,
    AsAnonymous(anonymous, Json(body)): AsAnonymous<Json<RegisterBody>>,
) -> Answer<RegisteredData> {
    let (user, settings, username) =
        registration::register_with_prefix(&gateway, &anonymous, body.parse(&gateway)?).await?;
    Ok(Data(RegisteredData { username: username.as_str().to_owned(), settings: SettingsData::new(user, settings) }))
}

#[derive(Deserialize, JsonSchema)]
struct PushBody {
    username: Option<String>,
    password: Option<String>,
    alias: Option<String>,
    device_guid: Option<String>,
    push_token: Option<String>,
    sign: Option<String>,
}

async fn register_for_push(
    gateway: web::Data<Gateway>,
    AsAnonymous(anonymous, Json(body)): AsAnonymous<Json<PushBody>>,
) -> Answer<SettingsData> {
    let account = RegisterBody { username: body.username, password: body.password }.parse(&gateway)?;
    let push = PushRegistration {
        alias: body.alias.filter(|alias| !alias.is_empty()).map(|alias| Alias::parse(&alias)).transpose()?,
        device: DeviceKey::parse("device_guid", body.device_guid.as_deref().unwrap_or_default())?,
        push_token: body.push_token.filter(|token| !token.is_empty()),
        sign: body.sign,
    };
    let (user, settings) = registration::register_for_push(&gateway, &anonymous, account, push).await?;
    Ok(Data(SettingsData::new(user, settings)))
}

/// The fields that a result of a batch registration has in addition to those of every batch.
#[derive(Serialize, JsonSchema)]
struct RegisterResult {
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
}

async fn register_batch(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<Batch<RegisterBody>>>,
) -> BatchAnswer<RegisterResult> {
    let list = body.items()?;
    let names: Vec<String> = list.iter().map(|item| item["username"].as_str().unwrap_or_default().to_owned()).collect();
    let parse = |value| Ok(item::<RegisterBody>(value)?.parse(&gateway)?);
    let parsed = list.into_iter().map(parse).collect();
    let results = registration::register_batch(&gateway, &operator, parsed).await;
    let results = names.into_iter().zip(results).map(|(username, result)| {
        let user_id = result.as_ref().ok().map(|user| user.get());
        BatchResult { item: RegisterResult { username, user_id }, result: result.map(drop) }
    });
    Ok(results.collect())
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ListedUser {
    pub(crate) user_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    /// 0 active, 1 disabled.
    pub(crate) status: i16,
}

impl From<UserSummary> for ListedUser {
    fn from(user: UserSummary) -> Self {
        Self { user_id: user.id.get(), username: user.username, status: user.status.code() }
    }
}

async fn list(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<PageQuery>>,
) -> Answer<Vec<ListedUser>> {
    let users = accounts::list(&gateway, &operator, query.page()?).await?;
    Ok(Data(users.into_iter().map(ListedUser::from).collect()))
}

#[derive(Deserialize, JsonSchema)]
struct SearchQuery {
    /// A whole id, or the beginning of a login name, a mobile number, an e-mail address or a display name; empty for all
    /// accounts, newest first.
    q: Option<String>,
    cursor: Option<String>,
    page_size: Option<String>,
}

/// An account that was found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FoundData {
    pub(crate) user_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    pub(crate) nickname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mobile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// 0 active, 1 disabled.
    pub(crate) status: i16,
    /// Unix time in milliseconds.
    pub(crate) registered_at_ms: i64,
    /// Whether a device of the account is in use.
    pub(crate) online: bool,
}

impl FoundData {
    /// A found account.
    pub(crate) fn new(user: FoundUser, online: bool) -> Self {
        Self {
            user_id: user.id.get(),
            online,
            username: user.username,
            nickname: user.nickname,
            mobile: user.mobile,
            email: user.email,
            status: user.status.code(),
            registered_at_ms: user.registered_at_ms,
        }
    }
}

async fn search(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<SearchQuery>>,
) -> ListAnswer<FoundData> {
    let size = number("page_size", query.page_size.as_deref())?;
    let search = UserSearch::parse(&query.q.unwrap_or_default(), query.cursor.as_deref(), size)?;
    let found = accounts::search(&gateway, &operator, search).await?;
    let online = presence::online(&gateway, &operator, found.items.iter().map(|user| user.id).collect()).await?;
    let data = |user: FoundUser| {
        let is_online = online.contains(&user.id);
        FoundData::new(user, is_online)
    };
    Ok(Part::of(found, data))
}

async fn disable(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<IdsBody>>,
) -> Answer<bool> {
    accounts::disable(&gateway, &operator, ids("list", body.list)?).await?;
    DONE
}

async fn enable(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Json(body)): AsOperator<Json<IdsBody>>,
) -> Answer<bool> {
    accounts::enable(&gateway, &operator, ids("list", body.list)?).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct UsernameQuery {
    username: Option<String>,
}

async fn set_username(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Query(query)): AsCaller<Query<UsernameQuery>>,
) -> Answer<bool> {
    let name = Username::parse(&required("username", query.username)?)?;
    accounts::set_username(&gateway, &caller, name).await?;
    DONE
}

#[derive(Deserialize, JsonSchema)]
struct DeleteBody {
    password: Option<String>,
}

async fn delete_account(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Json(body)): AsCaller<Json<DeleteBody>>,
) -> Answer<bool> {
    let password = body.password.map(|text| Password::parse("password", &text, 1)).transpose()?;
    accounts::delete(&gateway, &caller, password.as_ref()).await?;
    DONE
}
