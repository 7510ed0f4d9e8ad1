//! Consecutive records of a file, which are imported in one transaction.

use std::fmt;

use super::{Located, shown};
use crate::{domain::imports::NewRecord, gateway::Gateway, model::Invalid};

/// Consecutive records of a file.
#[derive(Default)]
pub struct Part {
    /// The number of records before this part.
    pub done: u64,
    /// All records.
    pub labels: Vec<Label>,
    /// The valid ones.
    pub records: Vec<NewRecord>,
}

/// A record of a part: its name, and why it is refused, if it is.
#[derive(Clone, Debug)]
pub struct Label {
    /// The login name, for people.
    pub name: String,
    /// Why the record is invalid.
    pub problem: Option<RecordProblem>,
}

/// Why a record is invalid. Does not quote the record, because it may contain a password.
#[derive(Clone, Debug)]
pub enum RecordProblem {
    /// It is not a record.
    Malformed(String),
    /// A field has a wrong value.
    Invalid(Invalid),
}

impl fmt::Display for RecordProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(problem) => f.write_str(problem),
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

impl Part {
    /// A part after that many records.
    #[must_use]
    pub fn after(done: u64) -> Self {
        Self { done, ..Self::default() }
    }

    /// The number of records up to its end.
    #[must_use]
    pub fn records_done(&self) -> u64 {
        self.done + u64::try_from(self.labels.len()).unwrap_or_default()
    }

    /// Adds the next record.
    pub fn add(&mut self, located: Located, gateway: &Gateway) {
        let (name, parsed) = match located.record {
            Ok(raw) => (shown(raw.name()), raw.parse(gateway).map_err(RecordProblem::Invalid)),
            Err(problem) => (String::new(), Err(RecordProblem::Malformed(problem))),
        };
        let problem = parsed.map(|record| self.records.push(record)).err();
        self.labels.push(Label { name, problem });
    }
}

impl Label {
    /// The refused records of a part, each with its number, and the refusal if it came with the import of the valid
    /// records, whose `results` are in their order.
    pub fn refused<'a, E>(
        done: u64,
        labels: &'a [Self],
        results: &'a [Result<(), E>],
    ) -> impl Iterator<Item = (u64, &'a Self, Option<&'a E>)> {
        let mut results = results.iter();
        (done + 1..).zip(labels).filter_map(move |(number, label)| {
            if label.problem.is_some() {
                return Some((number, label, None));
            }
            let refusal = results.next()?.as_ref().err()?;
            Some((number, label, Some(refusal)))
        })
    }
}
