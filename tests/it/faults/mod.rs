//! Faults of the servers that the gateway stands on (security.md 44–49). Each test has servers of its own to break.

mod crash;
mod disk;
mod nodes;
mod postgres;
mod redis;
