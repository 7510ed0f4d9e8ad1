//! The sections of an account's page.

use maud::{Markup, html};

use super::path_of;
use crate::{
    domain::accounts::AccountDetails,
    model::{Cents, CoinChange, CoinRecord, DeviceDetails, Medal, VipState},
    transport::console::{
        texts::Texts,
        values::Values,
        view::{View, choice, facts, field, foreign, table, typed_field},
    },
};

pub(super) const COINS_PER_PAGE: i64 = 10;

fn text(text: Option<&str>) -> Markup {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => foreign(text),
        None => html! { "–" },
    }
}

fn yes(t: &Texts, is_so: bool) -> Markup {
    html! { (if is_so { t.yes } else { t.no }) }
}

pub(super) fn profile(view: &View, details: &AccountDetails) -> Markup {
    let (t, user, personal) = (view.t, &details.user, &details.personal);
    let mobile = html! {
        (text(user.mobile.as_deref()))
        @if user.mobile.is_some() && !details.is_mobile_confirmed { " (" (t.unconfirmed) ")" }
    };
    let region = [&*personal.province, &*personal.city, &*personal.district].join(" ");
    html! {
        section {
            h2 { (t.profile) }
            (facts(&[
                (t.id, html! { (user.id) }),
                (t.login_name, text(user.username.as_deref())),
                (t.display_name, text(Some(&user.nickname))),
                (t.mobile, mobile),
                (t.email, text(user.email.as_deref())),
                (t.password, html! { (if details.has_password { t.is_set } else { t.none }) }),
                (t.registered, view.time(user.registered_at_ms)),
                (t.last_active, view.time(user.activity.last_active_at_ms)),
                (t.avatar_url, html! { span.url { (text(Some(&user.avatar_url))) } }),
                (t.description, text(user.description.as_deref())),
                (t.public_info, text(user.public_info.as_deref())),
                (t.private_info, text(user.private_info.as_deref())),
                (t.introduction, text(Some(&personal.introduction))),
                (t.region, text(Some(region.trim()))),
            ]))
        }
    }
}

pub(super) fn settings(t: &Texts, details: &AccountDetails) -> Markup {
    let settings = &details.settings;
    let requests = match settings.auth_mode {
        0 => t.from_anyone,
        1 => t.after_consent,
        2 => t.after_question,
        _ => t.from_nobody,
    };
    let (from, to) = (settings.no_push_start_hour, settings.no_push_end_hour);
    html! {
        section {
            h2 { (t.settings) }
            (facts(&[
                (t.friend_requests, html! { (requests) }),
                (t.friend_question, text(settings.auth_question.as_deref())),
                (t.group_confirm, yes(t, settings.group_confirm)),
                (t.auto_download, yes(t, settings.auto_download)),
                (t.no_push, yes(t, settings.no_push)),
                (t.no_push_detail, yes(t, settings.no_push_detail)),
                (t.no_push_hours, if from == to { html! { (t.none) } } else { html! { (from) ":00–" (to) ":00" } }),
                (t.no_sounds, yes(t, settings.no_sounds)),
                (t.vibratory, yes(t, settings.vibratory)),
            ]))
        }
    }
}

pub(super) fn devices(view: &View, details: &AccountDetails) -> Markup {
    let t = view.t;
    let rows: Vec<Markup> = details.devices.iter().map(|device| device_row(view, details, device)).collect();
    let columns = [t.number, t.device_id, t.platform, t.user_agent, t.last_login, t.last_used, t.presence, t.actions];
    html! {
        section {
            h2 { (t.devices) }
            (table(t.devices, &columns, &rows, t.no_devices))
            @if details.devices.iter().any(|device| device.session.is_some()) {
                a.button.plain href={ (path_of(details.user.id)) "/confirm/kick" } { (t.end_sessions) }
            }
        }
    }
}

fn device_row(view: &View, details: &AccountDetails, device: &DeviceDetails) -> Markup {
    let (t, sn) = (view.t, device.sn.0.to_string());
    html! {
        td { (sn) }
        td { (text(device.key.as_deref())) }
        td { (text(Some(&device.platform_name))) }
        td { (text(Some(&device.user_agent))) }
        td { (view.time(device.last_login_at_ms)) }
        td { (view.time(device.session.map_or(0, |session| session.last_used_at_ms))) }
        td { (if details.online.contains(&device.sn) { t.online } else { t.offline }) }
        td {
            @if device.session.is_some() {
                (view.button(&path_of(details.user.id), t.end_session, &[("do", "kick"), ("device", &sn)]))
            } @else {
                (t.no_session)
            }
        }
    }
}

pub(super) fn push(t: &Texts, details: &AccountDetails) -> Markup {
    let push = &details.push;
    let row = |(device, token): &(crate::model::DeviceSn, crate::model::PushToken)| {
        html! {
            td { (device.0) }
            td { (text(Some(&token.notifier_name))) }
            td { (text(Some(&token.device_token))) }
        }
    };
    let rows: Vec<Markup> = push.tokens.iter().map(row).collect();
    html! {
        section {
            h2 { (t.push) }
            (facts(&[
                (t.alias, text(push.alias.as_deref())),
                (t.badge, html! { (push.badge.get()) }),
                (t.tags, text(Some(&push.tags.join(", ")))),
            ]))
            @if !rows.is_empty() { (table(t.push_tokens, &[t.number, t.notifier, t.push_token], &rows, "")) }
        }
    }
}

pub(super) fn coins(
    view: &View,
    details: &AccountDetails,
    records: &[CoinRecord],
    (query, total): (&Values, i64),
    (form, key): (&Values, &str),
) -> Markup {
    let (t, path) = (view.t, path_of(details.user.id));
    let row = |record: &CoinRecord| {
        html! {
            td { (view.time(record.created_at_ms)) }
            td.number { (record.change) }
            td.number { (record.after) }
            td { (coin_type(t, record.typ)) }
            td { (foreign(&record.reason)) }
            td { (foreign(&record.remark)) }
        }
    };
    let rows: Vec<Markup> = records.iter().map(row).collect();
    let types = CoinChange::TYPS.map(|typ| (typ.to_string(), coin_type(t, typ)));
    let types: Vec<(&str, &str)> = types.iter().map(|(typ, name)| (typ.as_str(), *name)).collect();
    let fields = html! {
        input type="hidden" name="do" value="coins";
        input type="hidden" name="key" value=(key);
        (field(t.amount, "amount", form))
        (choice(t.kind, "typ", &types, form))
        (field(t.reason, "reason", form))
        (field(t.remark, "remark", form))
    };
    let page = query.number("coins_page", 1).unwrap_or(1);
    html! {
        section {
            h2 { (t.coins) }
            p.big { (Cents(details.user.coin_cents)) }
            (table(t.ledger, &[t.time, t.amount, t.balance, t.kind, t.reason, t.remark], &rows, t.no_records))
            nav.pages aria-label=(t.ledger) {
                @if page > 1 { a href={ (path) "?" (query.query_with("coins_page", &(page - 1).to_string())) } { (t.newer) } }
                @if page * COINS_PER_PAGE < total { a href={ (path) "?" (query.query_with("coins_page", &(page + 1).to_string())) } { (t.older) } }
            }
            details open[form.get("do") == "coins"] {
                summary { (t.adjust) }
                p.hint { (t.adjust_hint) }
                (view.form(&path, t.adjust, &fields))
            }
        }
    }
}

/// What a change of coins was for (behaviour.md §4).
const fn coin_type(t: &Texts, typ: i16) -> &'static str {
    match typ {
        2 => t.coin_reward,
        3 => t.coin_post,
        4 => t.coin_first_profile,
        6 => t.coin_redeem,
        7 => t.coin_ad,
        8 => t.coin_raffle,
        9 => t.coin_invitation,
        _ => "–",
    }
}

pub(super) fn vip(view: &View, details: &AccountDetails, form: &Values) -> Markup {
    let t = view.t;
    let state = match details.vip {
        VipState::None => html! { (t.none) },
        VipState::Active | VipState::Expired => view.time(details.user.vip_expires_at_ms),
    };
    let fields = html! {
        input type="hidden" name="do" value="vip";
        (typed_field(t.vip_days, "days", "number", form.get("days")))
    };
    html! {
        section {
            h2 { "VIP" }
            (facts(&[(t.until, state)]))
            (view.form(&path_of(details.user.id), t.grant_vip, &fields))
        }
    }
}

pub(super) fn medals(view: &View, details: &AccountDetails, all: &[Medal]) -> Markup {
    let (t, path) = (view.t, path_of(details.user.id));
    let has = |medal: &&Medal| details.medals.iter().any(|own| own.id == medal.id);
    let others: Vec<(String, &str)> =
        all.iter().filter(|medal| !has(medal)).map(|medal| (medal.id.0.to_string(), medal.name.as_str())).collect();
    let options: Vec<(&str, &str)> = others.iter().map(|(id, name)| (id.as_str(), *name)).collect();
    let fields = html! {
        input type="hidden" name="do" value="grant";
        (choice(t.medal, "medal", &options, &Values::default()))
    };
    html! {
        section {
            h2 { (t.medals) }
            @for medal in &details.medals {
                div.actions {
                    span { (foreign(&medal.name)) }
                    (view.button(&path, t.withdraw, &[("do", "withdraw"), ("medal", &medal.id.0.to_string())]))
                }
            }
            @if details.medals.is_empty() { p.empty { (t.none) } }
            @if !options.is_empty() { (view.form(&path, t.grant, &fields)) }
        }
    }
}

pub(super) fn ban(view: &View, details: &AccountDetails, form: &Values) -> Markup {
    let (t, path) = (view.t, path_of(details.user.id));
    let fields = html! {
        input type="hidden" name="do" value="ban";
        (field(t.reason, "reason", form))
        (typed_field(t.until, "until", "datetime-local", form.get("until")))
    };
    html! {
        section {
            h2 { (t.ban) }
            @match &details.ban {
                Some(ban) => {
                    (facts(&[(t.reason, foreign(&ban.reason)), (t.until, view.time(ban.ends_at_ms))]))
                    (view.button(&path, t.lift_ban, &[("do", "unban")]))
                }
                None => {
                    p.hint { (t.ban_hint) }
                    (view.form(&path, t.set_ban, &fields))
                }
            }
        }
    }
}
