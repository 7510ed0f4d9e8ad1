//! The integration tests: one binary, so that it is linked once.
//!
//! Without services they run on SQLite and in-process state. With `DIGLOT_TEST_DATABASE_URL` and
//! `DIGLOT_TEST_REDIS_URL` (scripts/test sets both) the same tests run on PostgreSQL and Redis; those that need them
//! are ignored otherwise, and say so.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::wildcard_enum_match_arm,
    reason = "a failing test should panic at the failing line"
)]

mod access_tokens;
mod account_details;
mod accounts;
mod alerts;
mod app_admin;
mod app_mobile;
mod app_password;
mod architecture;
mod audit;
mod audit_log;
mod audit_retention;
mod avatars;
mod awards;
mod backup;
mod before_hooks;
mod cache;
mod cached_remarks;
mod captchas;
mod circles;
mod cli;
mod cli_admin;
mod cli_import;
mod cli_import_strict;
mod cli_output;
mod cli_users;
mod coins;
mod config_http;
mod connections;
mod console;
mod contacts;
mod contract_admin;
mod contract_facts;
mod contract_v1;
mod credentials;
mod delivery;
mod deploy;
mod devices;
mod disclosure;
mod discovery;
mod distribution;
mod doctor;
mod documents;
mod encodings;
mod encodings_v1;
mod examples;
mod export_http;
mod faults;
mod headers;
mod hot_path;
mod http;
mod import_http;
mod introspection;
mod invitations;
mod logins;
mod logs;
mod lost_updates;
mod messages;
mod metrics;
mod negotiation;
mod neighbours;
mod nodes;
mod notifications;
mod openapi;
mod openapi_examples;
mod overview;
mod own_export;
mod own_url;
mod partitions;
mod personal_data;
mod places;
mod presence;
mod profiles;
mod push;
mod push_reach;
mod push_targets;
mod races;
mod readme;
mod reload;
mod sessions;
mod settings;
mod settings_refused;
mod shared_reads;
mod sockets;
mod state;
mod state_monitoring;
mod store;
mod stored_secrets;
mod support;
mod tls;
mod upgrade;
mod user_api;
mod user_search;
mod verification;
mod ways_in;
mod webhooks;
mod webhooks_delivery;
mod wire;
