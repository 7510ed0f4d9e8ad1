//! The names, labels and meanings of the metrics.

use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    core::Collector,
};

use super::{
    Accounts, Cache, Channel, Database, Feed, Hashing, Images, Limited, Lookups, MetricsError, Presence, State,
    Webhooks, queue::Queue,
};

/// The upper bounds of the histograms of waiting times, in seconds.
const WAIT_SECS: &[f64] = &[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0];

/// Defines metrics in a registry. A metric with labels gets all of its series at once, so that they start at zero.
pub(super) struct Definer<'a>(pub(super) &'a Registry);

impl Definer<'_> {
    fn add<C: Collector + Clone + 'static>(&self, metric: C) -> Result<C, MetricsError> {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    pub(super) fn info(&self, name: &str, meaning: &str, labels: &[(&str, &str)]) -> Result<(), MetricsError> {
        let opts =
            labels.iter().fold(Opts::new(name, meaning), |opts, (label, value)| opts.const_label(*label, *value));
        self.add(IntGauge::with_opts(opts)?)?.set(1);
        Ok(())
    }

    pub(super) fn counter(&self, name: &str, meaning: &str) -> Result<IntCounter, MetricsError> {
        self.add(IntCounter::new(name, meaning)?)
    }

    pub(super) fn float_counter(&self, name: &str, meaning: &str) -> Result<prometheus::Counter, MetricsError> {
        self.add(prometheus::Counter::new(name, meaning)?)
    }

    pub(super) fn gauge(&self, name: &str, meaning: &str) -> Result<IntGauge, MetricsError> {
        self.add(IntGauge::new(name, meaning)?)
    }

    pub(super) fn float_gauge(&self, name: &str, meaning: &str) -> Result<Gauge, MetricsError> {
        self.add(Gauge::new(name, meaning)?)
    }

    pub(super) fn counter_vec(
        &self,
        name: &str,
        meaning: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, MetricsError> {
        self.add(IntCounterVec::new(Opts::new(name, meaning), labels)?)
    }

    pub(super) fn histogram_vec(
        &self,
        name: &str,
        meaning: &str,
        label: &str,
        bounds: &[f64],
    ) -> Result<HistogramVec, MetricsError> {
        self.add(HistogramVec::new(HistogramOpts::new(name, meaning).buckets(bounds.to_vec()), &[label])?)
    }

    fn counters<const N: usize>(
        &self,
        name: &str,
        meaning: &str,
        label: &str,
        values: [&str; N],
    ) -> Result<[IntCounter; N], MetricsError> {
        let all = self.counter_vec(name, meaning, &[label])?;
        Ok(values.map(|value| all.with_label_values(&[value])))
    }

    fn gauges<const N: usize>(
        &self,
        name: &str,
        meaning: &str,
        label: &str,
        values: [&str; N],
    ) -> Result<[IntGauge; N], MetricsError> {
        let all = self.add(IntGaugeVec::new(Opts::new(name, meaning), &[label])?)?;
        Ok(values.map(|value| all.with_label_values(&[value])))
    }

    fn histograms<const N: usize>(
        &self,
        name: &str,
        meaning: &str,
        label: &str,
        values: [&str; N],
    ) -> Result<[Histogram; N], MetricsError> {
        let all = self.histogram_vec(name, meaning, label, WAIT_SECS)?;
        Ok(values.map(|value| all.with_label_values(&[value])))
    }
}

impl Database {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        const POOLS: [&str; 3] = ["requests", "monitoring", "writer"];
        let waiting = "Jobs that wait for a database connection.";
        let in_use = "Jobs that run on a database connection.";
        let wait = "How long jobs waited for a database connection, in seconds.";
        let [requests_waiting, monitoring_waiting, writer_waiting] =
            define.gauges("diglot_database_waiting", waiting, "pool", POOLS)?;
        let [requests_running, monitoring_running, writer_running] =
            define.gauges("diglot_database_in_use", in_use, "pool", POOLS)?;
        let [requests_wait, monitoring_wait, writer_wait] =
            define.histograms("diglot_database_wait_seconds", wait, "pool", POOLS)?;
        Ok(Self {
            requests: Queue::new(requests_waiting, requests_running, requests_wait),
            monitoring: Queue::new(monitoring_waiting, monitoring_running, monitoring_wait),
            writer: Queue::new(writer_waiting, writer_running, writer_wait),
            max_connections: define
                .gauge("diglot_database_max_connections", "Maximum number of connections of the pool `requests`.")?,
            connection_failures: define
                .counter("diglot_database_connection_failures_total", "Jobs for which no connection could be had.")?,
            retries: define
                .counter("diglot_database_retries_total", "Writes that the database refused and that were repeated.")?,
            timeouts: define
                .counter("diglot_database_timeouts_total", "Reads and writes that had no answer in time.")?,
            up: define.gauge("diglot_database_up", "Whether the database takes writes: 1 or 0.")?,
        })
    }
}

impl Hashing {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        let wait =
            HistogramOpts::new("diglot_hashing_wait_seconds", "How long passwords waited to be hashed, in seconds.");
        Ok(Self {
            queue: Queue::new(
                define.gauge("diglot_hashing_waiting", "Passwords that wait to be hashed.")?,
                define.gauge("diglot_hashing_running", "Passwords that are being hashed.")?,
                define.add(Histogram::with_opts(wait.buckets(WAIT_SECS.to_vec()))?)?,
            ),
            refused: define
                .counter("diglot_hashing_refused_total", "Requests refused because too many passwords wait.")?,
            threads: define.gauge("diglot_hashing_threads", "Threads for password hashing.")?,
        })
    }
}

impl Cache {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        const KINDS: [&str; 6] = ["tenant", "admin_token", "session", "user", "public_details", "remarks"];
        let hits = define.counters("diglot_cache_hits_total", "Lookups that found an entry.", "kind", KINDS)?;
        let misses = define.counters("diglot_cache_misses_total", "Lookups that found no entry.", "kind", KINDS)?;
        let [tenant_hits, admin_token_hits, session_hits, user_hits, details_hits, remarks_hits] = hits;
        let [tenant_misses, admin_token_misses, session_misses, user_misses, details_misses, remarks_misses] = misses;
        let evictions = "Evicted entries: after a change of the database, or to make room.";
        let [evictions_by_change, evictions_by_space] =
            define.counters("diglot_cache_evictions_total", evictions, "cause", ["change", "space"])?;
        Ok(Self {
            tenants: Lookups { hits: tenant_hits, misses: tenant_misses },
            admin_tokens: Lookups { hits: admin_token_hits, misses: admin_token_misses },
            sessions: Lookups { hits: session_hits, misses: session_misses },
            users: Lookups { hits: user_hits, misses: user_misses },
            public_details: Lookups { hits: details_hits, misses: details_misses },
            remarks: Lookups { hits: remarks_hits, misses: remarks_misses },
            evictions_by_change,
            evictions_by_space,
            bytes: define.gauge("diglot_cache_bytes", "Estimated memory of the cached accounts, in bytes.")?,
            max_bytes: define.gauge("diglot_cache_max_bytes", "Maximum of diglot_cache_bytes; 0: no cache.")?,
            trusted: define.gauge("diglot_cache_trusted", "Whether the cache is in use: 1 or 0.")?,
        })
    }
}

impl State {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        Ok(Self {
            commands: define.counter("diglot_state_commands_total", "Commands that were sent to Redis.")?,
            errors: define
                .counter("diglot_state_errors_total", "Commands that Redis refused or did not answer in time.")?,
            up: define.gauge("diglot_state_up", "Whether the state (Redis, or in process) works: 1 or 0.")?,
        })
    }
}

impl Feed {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        Ok(Self {
            lag: define
                .float_gauge("diglot_feed_lag_seconds", "Age of the last successful poll of the change feed.")?,
            failures: define.counter("diglot_feed_poll_failures_total", "Polls of the change feed that failed.")?,
        })
    }
}

impl Presence {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        Ok(Self {
            sockets: define.gauge("diglot_sockets_open", "Open sockets of this node.")?,
            logged_in_sockets: define.gauge("diglot_sockets_logged_in", "Open sockets that are logged in.")?,
            online_accounts: define.gauge("diglot_online_accounts", "Accounts in use that this node knows of.")?,
            lost: define
                .gauge("diglot_presence_lost", "Whether the last write of presence to the state failed: 1 or 0.")?,
        })
    }
}

impl Channel {
    /// Those of SMS and e-mail.
    pub(super) fn define(define: &Definer<'_>) -> Result<[Self; 2], MetricsError> {
        const CHANNELS: [&str; 2] = ["sms", "email"];
        let counters = |name, meaning| define.counters(name, meaning, "channel", CHANNELS);
        let [sms_sent, email_sent] = counters("diglot_codes_sent_total", "Codes handed to delivery.")?;
        let [sms_delivered, email_delivered] =
            counters("diglot_codes_delivered_total", "Codes that the provider accepted.")?;
        let [sms_failed, email_failed] = counters("diglot_codes_failed_total", "Codes that delivery gave up.")?;
        let [sms_retries, email_retries] =
            counters("diglot_codes_retries_total", "Attempts to deliver a code that failed and are repeated.")?;
        let [sms_waiting, email_waiting] =
            define.gauges("diglot_codes_waiting", "Codes that wait for their delivery.", "channel", CHANNELS)?;
        let sms = (sms_sent, sms_delivered, sms_failed, sms_retries, sms_waiting);
        let email = (email_sent, email_delivered, email_failed, email_retries, email_waiting);
        Ok([sms, email].map(|(sent, delivered, failed, retries, waiting)| Self {
            sent,
            delivered,
            failed,
            retries,
            waiting,
        }))
    }
}

impl Accounts {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        let [logins, failed_logins] = define.counters(
            "diglot_logins_total",
            "Logins: those that opened a session, and refused ones.",
            "outcome",
            ["ok", "failed"],
        )?;
        let [right_answers, wrong_answers] =
            define.counters("diglot_captcha_answers_total", "Answers to captchas.", "outcome", ["right", "wrong"])?;
        Ok(Self {
            logins,
            failed_logins,
            registrations: define
                .counter("diglot_registrations_total", "Registered accounts, without imported ones.")?,
            captchas: define.counter("diglot_captchas_total", "Captchas that were drawn.")?,
            right_answers,
            wrong_answers,
            audit_rows: define.counter("diglot_audit_rows_total", "Rows written to the audit log.")?,
            deleted_audit_rows: define
                .counter("diglot_audit_rows_deleted_total", "Rows deleted from the audit log because of their age.")?,
            limited: Limited::define(define)?,
        })
    }
}

impl Webhooks {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        let meaning = "Posts of events to webhooks, by how they ended.";
        let outcomes = ["delivered", "failed", "parked"];
        let [delivered, failed, parked] =
            define.counters("diglot_webhook_posts_total", meaning, "outcome", outcomes)?;
        Ok(Self { delivered, failed, parked })
    }
}

impl Images {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        let meaning = "Uploaded images, by what became of them.";
        let [stored, refused] =
            define.counters("diglot_image_uploads_total", meaning, "outcome", ["stored", "refused"])?;
        Ok(Self {
            stored,
            refused,
            store_errors: define
                .counter("diglot_image_store_errors_total", "Images that could not be written, read or deleted.")?,
        })
    }
}

impl Limited {
    fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        let [logins, pending_logins, registrations, captchas, code_tries, codes, sockets, uploads] = define.counters(
            "diglot_rate_limited_total",
            "Requests refused because of a limit.",
            "limit",
            ["logins", "pending_logins", "registrations", "captchas", "code_tries", "codes", "sockets", "uploads"],
        )?;
        Ok(Self { logins, pending_logins, registrations, captchas, code_tries, codes, sockets, uploads })
    }
}
