//! `diglot overview`: the state of the gateway and of an app at a glance.

use clap::Args;

use super::{Outcome, SettingFlags, Tenant, build_gateway, print};
use crate::{
    domain::overview::{self, Health, Overview, Series},
    model::{Language, SeenNode},
    transport::block_on,
};

#[derive(Args)]
pub(super) struct OverviewArgs {
    #[command(flatten)]
    tenant: Tenant,
}

pub(super) fn run(settings: &SettingFlags, args: &OverviewArgs) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    let overview = block_on(async {
        let operator = args.tenant.operator(&gateway).await?;
        Ok::<_, super::Failure>(overview::get(&gateway, &operator).await?)
    })?;
    print(&describe(&overview, gateway.state.is_shared()))
}

fn describe(overview: &Overview, is_shared: bool) -> String {
    let counters = &overview.counters;
    let accounts = overview.accounts.map_or_else(|| "unknown".to_owned(), |accounts| accounts.to_string());
    let mut text = format!(
        "database\t{}\nstate\t{}: {}\naccounts\t{accounts}\n",
        health(overview.database),
        overview.state.name,
        health(overview.state.health),
    );
    if is_shared {
        text.push_str(&format!("online\t{}\n", overview.online));
        text.push_str(&overview.nodes.iter().map(node).collect::<String>());
        text.push_str("counted\tlast hour\tlast day\n");
        text.push_str(&series("sign-ins", &counters.sign_ins));
        text.push_str(&series("failed sign-ins", &counters.failed_sign_ins));
        text.push_str(&series("registrations", &counters.registrations));
        text.push_str(&series("codes sent", &counters.codes_sent));
        text.push_str(&series("codes failed", &counters.codes_failed));
    } else {
        text.push_str("counts\tin the memory of the running gateway: see GET /admin/v1/overview/get\n");
    }
    for one in &overview.attention {
        text.push_str(&format!("attention\t{}\n", one.text(Language::En)));
    }
    text
}

const fn health(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Failing { reason } => reason,
    }
}

fn node(SeenNode { node, seen_at_ms }: &SeenNode) -> String {
    format!("node\t{}\t{}\t{}\tseen at {seen_at_ms}\n", node.id, node.host, node.version)
}

fn series(what: &str, series: &Series) -> String {
    format!("{what}\t{}\t{}\n", series.sum_of_hour(), series.sum_of_day())
}
