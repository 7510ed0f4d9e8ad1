//! What the forms of an account's page do.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use maud::html;

use super::{page, path_of, user_in};
use crate::{
    domain::{Operator, access::authenticate, accounts, awards, bans, coins, credentials, sessions},
    gateway::Gateway,
    model::{BanEnd, BanReason, Cents, CoinChange, Days, DeviceSn, Invalid, MedalId, Problem, UserId},
    transport::{
        console::{
            session::Posted,
            users::new_password,
            values::Values,
            view::{Answer, View, secret},
        },
        error::Error,
    },
};

/// What an action has done.
enum Done {
    /// It is done; the page shows so.
    Saved,
    /// The account is deleted.
    Deleted,
    /// A password was generated, which is shown only now.
    Password(String),
}

/// Does what the field `do` says.
pub(super) async fn act(gateway: Data<Gateway>, Posted(signed_in, values): Posted, id: Path<String>) -> Answer {
    let user = user_in(&id)?;
    match apply(&gateway, &signed_in.operator, &signed_in.view, user, &values).await {
        Ok(Done::Saved) => signed_in.done(&path_of(user), signed_in.view.t.saved),
        Ok(Done::Deleted) => signed_in.done("/console/users", signed_in.view.t.deleted),
        Ok(Done::Password(password)) => Ok(password_page(&signed_in.view, user, &password)),
        Err(error) => {
            let view = signed_in.view.refused(error)?;
            page(&gateway, &signed_in.operator, &view, user, &Values::default(), &values).await
        }
    }
}

async fn apply(
    gateway: &Gateway,
    operator: &Operator,
    view: &View,
    user: UserId,
    values: &Values,
) -> Result<Done, Error> {
    let caller = || authenticate::acting_as(gateway, operator, user);
    match values.get("do") {
        "enable" => accounts::enable(gateway, operator, vec![user]).await?,
        "disable" => accounts::disable(gateway, operator, vec![user]).await?,
        "kick" => sessions::kick(gateway, &caller().await?, device(values)?).await?,
        "password" => {
            let (password, generated) = new_password(gateway, values)?;
            credentials::set_password(gateway, &caller().await?, &password).await?;
            return Ok(generated.map_or(Done::Saved, Done::Password));
        }
        "delete" => {
            accounts::delete(gateway, &caller().await?, None).await?;
            return Ok(Done::Deleted);
        }
        "coins" => drop(coins::adjust(gateway, operator, user, coin_change(values)?).await?),
        "vip" => {
            let days = Days::parse("days", values.required_number("days")?)?;
            awards::grant_vip(gateway, operator, user, days).await?;
        }
        "grant" => awards::grant_medal(gateway, operator, user, medal(values)?).await?,
        "withdraw" => awards::revoke_medal(gateway, operator, user, medal(values)?).await?,
        "ban" => {
            let (reason, end) = (BanReason::parse(values.get("reason"))?, ban_end(view, values)?);
            bans::set(gateway, operator, user, reason, end).await?;
        }
        "unban" => bans::lift(gateway, operator, user).await?,
        _ => return Err(Invalid::new("do", Problem::Malformed).into()),
    }
    Ok(Done::Saved)
}

/// The device whose session is ended; all of them without one.
fn device(values: &Values) -> Result<Option<DeviceSn>, Invalid> {
    values.filled("device").map(|_| DeviceSn::parse("device", values.number("device", 0)?)).transpose()
}

fn medal(values: &Values) -> Result<MedalId, Invalid> {
    Ok(MedalId(values.required_number("medal")?))
}

fn coin_change(values: &Values) -> Result<CoinChange, Invalid> {
    let amount = Cents::parse_change("amount", values.get("amount").trim())?;
    let (reason, remark) = (values.get("reason"), values.get("remark"));
    CoinChange::parse(amount, values.required_number("typ")?, reason, remark, values.get("key"))
}

fn ban_end(view: &View, values: &Values) -> Result<BanEnd, Invalid> {
    let secs = values.moment("until", view.zone())?.ok_or(Invalid::new("until", Problem::Missing))?;
    BanEnd::parse("until", secs)
}

fn password_page(view: &View, user: UserId, password: &str) -> HttpResponse {
    let t = view.t;
    let content = html! {
        p.notice role="status" { (t.saved) }
        (secret(t.generated_password, password))
        p { a href=(path_of(user)) { (t.back) } }
    };
    view.page(t.reset_password, &content)
}
