//! `diglot serve`.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, Outcome, SettingFlags, build_gateway, check, dev, output::Output, reload::Reload};
use crate::{
    config::Flags,
    domain::tenants,
    gateway::Gateway,
    logging,
    transport::{Listeners, Server, block_on},
};

#[derive(Args)]
pub(super) struct ServeArgs {
    /// Development mode: creates the default app, a demo user and an admin token, prints requests to paste, allows any
    /// origin, shows secrets, listens on loopback only
    #[arg(long)]
    dev: bool,
    /// Apply pending database migrations first (always done for SQLite)
    #[arg(long)]
    migrate: bool,
    /// Address of the app face and of /user (setting `DIGLOT_LISTEN`)
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Address of the web face (setting `DIGLOT_WEB_LISTEN`)
    #[arg(long, value_name = "ADDRESS")]
    web_listen: Option<String>,
    /// Address of the health, readiness and version endpoints (setting `DIGLOT_OPS_LISTEN`)
    #[arg(long, value_name = "ADDRESS")]
    ops_listen: Option<String>,
}

pub(super) fn run(settings: &SettingFlags, output: Output, args: &ServeArgs) -> Outcome {
    let mut flags = Flags::new();
    for (name, value) in [
        ("DIGLOT_LISTEN", &args.listen),
        ("DIGLOT_WEB_LISTEN", &args.web_listen),
        ("DIGLOT_OPS_LISTEN", &args.ops_listen),
    ] {
        if let Some(value) = value {
            flags.insert(name, value.clone());
        }
    }
    let values = settings.values(flags.clone())?;
    let config = check(&values, args.dev)?;
    logging::start(&config.reloadable.log, config.log_format);
    let gateway = build_gateway(config, args.migrate || args.dev)?;
    logging::count_dropped(gateway.metrics.log_lines_dropped.clone());
    let listeners = Listeners::bind(&gateway.config)?;
    let reload = Reload::new(Arc::clone(&gateway), listeners.tls(), values, settings.clone(), flags);
    block_on(serve(gateway, listeners, reload, output))
}

async fn serve(gateway: Arc<Gateway>, listeners: Listeners, reload: Reload, output: Output) -> Outcome {
    let addresses = listeners.addresses();
    let greeting = if gateway.config.is_dev { Some(dev::prepare(&gateway, &listeners).await?) } else { None };
    let default_app = &gateway.config.default_app;
    if !tenants::list(&gateway).await?.iter().any(|known| known.id == *default_app) {
        log::warn!("the default app does not exist; run `diglot app create {default_app}`");
    }
    if let Err(error) = gateway.state.check().await {
        log::warn!("{error}; limits are counted per node until it is available");
    }
    let server = Server::start(Arc::clone(&gateway), listeners)?;
    let stop_signal = wait_for_stop(reload)?;
    for (name, address) in addresses {
        if let Some(address) = address {
            log::info!("listening on {address} ({name})");
        }
    }
    log::info!("ready: database {}, state {}", gateway.config.database_url, gateway.state.describe());
    if let Some(greeting) = greeting {
        output.print(&greeting, || greeting.text())?;
    }
    let told_to_stop = Arc::new(OnceLock::new());
    let noted = Arc::clone(&told_to_stop);
    let stop_signal = async move {
        let cause = stop_signal.await;
        // Nothing else sets it.
        noted.set(Instant::now()).ok();
        cause
    };
    server.run(stop_signal).await?;
    // Codes and requests end in the same time, which the service manager's limit is compared with.
    let time = Duration::from_secs(gateway.config.drain_secs + gateway.config.shutdown_secs);
    let passed = told_to_stop.get().map(Instant::elapsed).unwrap_or_default();
    gateway.delivery.finish(time.saturating_sub(passed)).await;
    log::info!("stopped");
    Ok(())
}

/// Waits for a signal to stop the process, and returns its name. Reloads the settings when told to.
fn wait_for_stop(mut reload: Reload) -> Result<impl Future<Output = &'static str>, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => return "SIGTERM",
                _ = interrupt.recv() => return "SIGINT",
                _ = hangup.recv() => reload.run(),
            }
        }
    })
}
