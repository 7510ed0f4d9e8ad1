//! `diglot overview`: the state of the gateway and of an app at a glance.

use clap::Args;

use super::{
    Outcome, SettingFlags, Tenant, build_gateway,
    output::{Output, aligned, time},
};
use crate::{
    domain::overview::{self, Health, Overview, Series},
    model::{Language, SeenNode},
    transport::{block_on, data::OverviewData},
};

#[derive(Args)]
pub(super) struct OverviewArgs {
    #[command(flatten)]
    tenant: Tenant,
}

pub(super) fn run(settings: &SettingFlags, output: Output, args: &OverviewArgs) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    let mut overview = block_on(async {
        let operator = args.tenant.operator(&gateway).await?;
        Ok::<_, super::Failure>(overview::get(&gateway, &operator).await?)
    })?;
    let is_shared = gateway.state.is_shared();
    // What the running gateway counts in its memory is not known to this process.
    overview.state.is_degraded |= !is_shared;
    let text = describe(&overview, is_shared);
    output.print(&OverviewData::new(overview, Language::En), || text)
}

fn describe(overview: &Overview, is_shared: bool) -> String {
    let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let counters = &overview.counters;
    let accounts = overview.accounts.map_or_else(|| "unknown".to_owned(), |accounts| accounts.to_string());
    let state = format!("{}: {}", overview.state.name, health(overview.state.health));
    let mut rows =
        vec![row(&["database", health(overview.database)]), row(&["state", &state]), row(&["accounts", &accounts])];
    if is_shared {
        rows.push(row(&["online", &overview.online.to_string()]));
        rows.extend(overview.nodes.iter().map(node));
    } else {
        rows.push(row(&["counts", "in the memory of the running gateway: see GET /admin/v1/overview/get"]));
    }
    rows.extend(overview.attention.iter().map(|one| row(&["attention", one.text(Language::En)])));
    let mut text = aligned(rows);
    if is_shared {
        let counted = [
            row(&["COUNTED", "LAST HOUR", "LAST DAY"]),
            series("sign-ins", &counters.sign_ins),
            series("failed sign-ins", &counters.failed_sign_ins),
            series("registrations", &counters.registrations),
            series("codes sent", &counters.codes_sent),
            series("codes failed", &counters.codes_failed),
        ];
        text.push_str(&format!("\n{}", aligned(counted)));
    }
    text
}

const fn health(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Failing { reason } => reason,
    }
}

fn node(SeenNode { node, seen_at_ms }: &SeenNode) -> Vec<String> {
    vec!["node".to_owned(), format!("{} {} {}, seen at {}", node.id, node.host, node.version, time(*seen_at_ms))]
}

fn series(what: &str, series: &Series) -> Vec<String> {
    vec![what.to_owned(), series.sum_of_hour().to_string(), series.sum_of_day().to_string()]
}
