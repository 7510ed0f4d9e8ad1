//! Requests to the faces.

use std::time::Duration;

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge};

use super::{MetricsError, define::Definer};

/// The upper bounds of the histogram of latencies, in seconds.
const LATENCY_SECS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// The metrics of requests.
pub struct Http {
    requests: IntCounterVec,
    latency: HistogramVec,
    in_flight: IntGauge,
}

/// What distinguishes requests. Each has few values, which do not depend on what a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labels {
    /// The face: `app` or `web`.
    pub face: &'static str,
    /// The pattern of the path; `None` if no operation has the path.
    pub route: Option<&'static str>,
    /// The encoding of the answer, if it has an envelope.
    pub encoding: Option<&'static str>,
    /// The HTTP status.
    pub status: u16,
    /// The code in the envelope, if it has one.
    pub code: Option<i32>,
}

/// What counts the requests with the same labels.
pub struct Series {
    requests: IntCounter,
    latency: Histogram,
}

impl Series {
    /// A request was answered.
    pub fn answered(&self, took: Duration) {
        self.requests.inc();
        self.latency.observe(took.as_secs_f64());
    }
}

/// A request that is being answered, until it is dropped.
pub struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Http {
    pub(super) fn define(define: &Definer<'_>) -> Result<Self, MetricsError> {
        Ok(Self {
            requests: define.counter_vec(
                "diglot_http_requests_total",
                "Answered requests, by face, path, encoding, HTTP status and code of the answer.",
                &["face", "route", "encoding", "status", "code"],
            )?,
            latency: define.histogram_vec(
                "diglot_http_request_duration_seconds",
                "From the head of a request to the head of its answer, in seconds.",
                "route",
                LATENCY_SECS,
            )?,
            in_flight: define.gauge("diglot_http_requests_in_flight", "Requests that are being answered.")?,
        })
    }

    /// A request begins.
    #[must_use]
    pub fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// What counts the requests with these labels.
    #[must_use]
    pub fn series(&self, labels: Labels) -> Series {
        const NONE: &str = "none";
        let route = labels.route.unwrap_or(NONE);
        Series {
            requests: self.requests.with_label_values(&[
                labels.face,
                route,
                labels.encoding.unwrap_or(NONE),
                &labels.status.to_string(),
                &labels.code.map_or(NONE.to_owned(), |number| number.to_string()),
            ]),
            latency: self.latency.with_label_values(&[route]),
        }
    }
}
