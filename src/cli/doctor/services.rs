//! The services that a node needs, by using them.

use super::{Finding, Named, WRONG_SECRET};
use crate::{
    domain::{readiness, tenants},
    gateway::Gateway,
};

/// Whether the database is reachable, with the schema of this version.
pub(super) fn database(gateway: &Gateway) -> Finding {
    let url = &gateway.config.database_url;
    match gateway.db.pending_migrations() {
        Ok(pending) if pending.is_empty() => Finding::Good(format!("{url} is reachable and up to date")),
        Ok(pending) if url.is_embedded() => {
            Finding::Note(format!("{url} has {} pending migrations; `diglot serve` applies them", pending.len()))
        }
        Ok(pending) => Finding::Bad(format!("{url} has {} pending migrations; run `diglot migrate`", pending.len())),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

/// Whether the services work.
pub(super) async fn answers(gateway: &Gateway) -> [Named; 4] {
    let state = match readiness::check_state(gateway).await {
        Ok(()) => Finding::Good(gateway.state.describe().to_owned()),
        Err(error) => Finding::Bad(error.to_string()),
    };
    let default_app = &gateway.config.default_app;
    let tenant = match tenants::list(gateway).await {
        Ok(apps) if apps.iter().any(|known| known.id == *default_app) => Finding::Good(default_app.to_string()),
        Ok(_) => Finding::Note(format!("missing; run `diglot app create {default_app}`")),
        Err(error) => Finding::Bad(error.to_string()),
    };
    let writes = match readiness::check_database(gateway).await {
        Ok(()) => Finding::Good("the database takes writes".to_owned()),
        Err(error) => Finding::Bad(error.to_string()),
    };
    let secret = match readiness::check_secret(gateway).await {
        Ok(true) => Finding::Good("fits the database".to_owned()),
        Ok(false) => Finding::Bad(WRONG_SECRET.to_owned()),
        Err(error) => Finding::Bad(error.to_string()),
    };
    [("writes", writes), ("secret", secret), ("state", state), ("default app", tenant)]
}
