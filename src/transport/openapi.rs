//! The OpenAPI document, made from what the operations' handlers say with their types: extractors give parameters,
//! bodies and security, return types the answers. Comments of the messages and fields become descriptions.

mod describe;
mod document;
mod messages;
mod signatures;

pub use describe::{Described, Description, Kind, Operation};
pub use document::document;
