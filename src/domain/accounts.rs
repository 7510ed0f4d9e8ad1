//! Accounts: making, listing, disabling and enabling them.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};

use super::{Error, Operator, Visitor, audit::Trail, limits, passwords};
use crate::{
    app::App,
    model::{
        AppId, EndReason, Invalid, LoginName, Password, Problem, Settings, Standing, UserId, UserSummary, Username,
    },
    store::{
        Conn, StoreError, sessions, settings,
        users::{self, NewUser},
    },
};

/// How many accounts one statement changes at the most: databases bound the number of parameters.
const IDS_PER_STATEMENT: usize = 500;

/// An account to be made, valid in form.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The login name.
    pub username: Username,
    /// The password in clear.
    pub password: Password,
}

/// Makes an account for someone from outside.
///
/// # Errors
/// [`Error::RegistrationClosed`], [`Error::TooManyRequests`], [`Error::UsernameTaken`], [`Error::Busy`].
pub async fn register(app: &App, visitor: &Visitor, new: Registration) -> Result<(UserId, Settings), Error> {
    if !visitor.is_registration_open() {
        return Err(Error::RegistrationClosed);
    }
    limits::count_registration(app, visitor.app(), visitor.origin().address).await?;
    refuse_taken(app, visitor.app(), &new.username).await?;
    let hash = passwords::hash(app, &new.password).await?;
    insert(app, visitor.app(), new.username, hash, Trail::of_visitor(visitor)).await
}

/// Makes many accounts for an admin, each on its own: one that fails harms no other. The results are in the order of
/// `list`, whose items may be invalid already.
pub async fn register_batch(
    app: &App,
    operator: &Operator,
    list: Vec<Result<Registration, Error>>,
) -> Vec<Result<UserId, Error>> {
    let register = |new: Result<Registration, Error>| async {
        let new = new?;
        refuse_taken(app, operator.app(), &new.username).await?;
        let hash = passwords::hash_in_turn(app, &new.password).await?;
        let (user, _) = insert(app, operator.app(), new.username, hash, Trail::of_operator(operator)).await?;
        Ok(user)
    };
    let at_once = app.config.hashing_threads.get() * 2;
    stream::iter(list).map(register).buffered(at_once).collect().await
}

/// Makes an account at the command line, or gives the one of that name a new password.
///
/// # Errors
/// When the database can't be asked.
pub async fn provision(app: &App, tenant: &AppId, new: Registration) -> Result<(), Error> {
    let hash = passwords::hash(app, &new.password).await?;
    let (name, looked_in) = (LoginName::Username(new.username.key()), tenant.clone());
    let found = app.db.read(move |conn| users::find_credentials(conn, &looked_in, &name)).await?;
    let trail = Trail::of_command_line(tenant);
    let Some(known) = found else {
        insert(app, tenant, new.username, hash, trail).await?;
        return Ok(());
    };
    let now_ms = app.clock.now_ms();
    app.db
        .write(move |conn| {
            users::set_password_hash(conn, known.user, &hash)?;
            trail.write(conn, now_ms, "account.set_password", &known.user.to_string(), "ok")?;
            Ok(())
        })
        .await
}

/// Before the costly hash; the insert itself decides.
async fn refuse_taken(app: &App, tenant: &AppId, username: &Username) -> Result<(), Error> {
    let (tenant, username) = (tenant.clone(), username.clone());
    if app.db.read(move |conn| users::is_username_taken(conn, &tenant, &username)).await? {
        return Err(Error::UsernameTaken);
    }
    Ok(())
}

async fn insert(
    app: &App,
    tenant: &AppId,
    username: Username,
    password_hash: String,
    trail: Trail,
) -> Result<(UserId, Settings), Error> {
    let (tenant, now_ms) = (tenant.clone(), app.clock.now_ms());
    app.db
        .write(move |conn| {
            let new = NewUser { app: &tenant, username: &username, password_hash: &password_hash, now_ms };
            let user = users::insert(conn, &new).map_err(|error| match error {
                StoreError::Taken => Error::UsernameTaken,
                StoreError::Unavailable(_) | StoreError::Query(_) => Error::from(error),
            })?;
            let initial = Settings::default();
            settings::insert(conn, user, &initial)?;
            trail.write(conn, now_ms, "account.register", &user.to_string(), "ok")?;
            Ok((user, initial))
        })
        .await
}

/// A page of an app's accounts, oldest first. `page` counts from 1.
///
/// # Errors
/// When the database can't be asked.
pub async fn list(app: &App, operator: &Operator, page: i64, size: i64) -> Result<Vec<UserSummary>, Error> {
    let tenant = operator.app().clone();
    let offset = page.saturating_sub(1).saturating_mul(size);
    Ok(app.db.read(move |conn| users::list(conn, &tenant, offset, size)).await?)
}

/// Closes accounts and ends their sessions: all of them or, if one is not in this app, none.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn disable(app: &App, operator: &Operator, ids: Vec<UserId>) -> Result<(), Error> {
    let now_ms = app.clock.now_ms();
    set_standing(app, operator, ids, Standing::Disabled, "account.disable", move |conn, ids| {
        let live: Vec<_> = sessions::list_live(conn, ids)?.iter().map(|live| live.id).collect();
        for chunk in live.chunks(IDS_PER_STATEMENT) {
            sessions::end(conn, chunk, EndReason::Disabled, now_ms)?;
        }
        Ok(())
    })
    .await
}

/// Opens disabled accounts again; their old sessions stay ended. All of them or none.
///
/// # Errors
/// [`Error::UserNotFound`].
pub async fn enable(app: &App, operator: &Operator, ids: Vec<UserId>) -> Result<(), Error> {
    set_standing(app, operator, ids, Standing::Active, "account.enable", |_, _| Ok(())).await
}

async fn set_standing(
    app: &App,
    operator: &Operator,
    ids: Vec<UserId>,
    standing: Standing,
    action: &'static str,
    and_then: impl Fn(&mut Conn, &[UserId]) -> Result<(), StoreError> + Send + 'static,
) -> Result<(), Error> {
    let (tenant, trail, now_ms) = (operator.app().clone(), Trail::of_operator(operator), app.clock.now_ms());
    let ids: Vec<UserId> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    app.db
        .write(move |conn| {
            for chunk in ids.chunks(IDS_PER_STATEMENT) {
                if users::set_standing(conn, &tenant, chunk, standing)? != chunk.len() {
                    return Err(Error::UserNotFound);
                }
                and_then(conn, chunk)?;
            }
            for id in &ids {
                trail.write(conn, now_ms, action, &id.to_string(), "ok")?;
            }
            Ok(())
        })
        .await
}

/// A page number and size within the bounds of behaviour.md §3.
///
/// # Errors
/// When one is out of bounds.
pub fn page(num: Option<i64>, size: Option<i64>) -> Result<(i64, i64), Invalid> {
    const MAX_SIZE: i64 = 200;
    let bounded = |what, value: Option<i64>, default, max| match value.unwrap_or(default) {
        value if (1..=max).contains(&value) => Ok(value),
        _ => Err(Invalid::new(what, Problem::OutOfRange { min: 1, max })),
    };
    Ok((bounded("page_num", num, 1, i64::from(i32::MAX))?, bounded("page_size", size, 50, MAX_SIZE)?))
}
