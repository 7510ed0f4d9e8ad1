//! Query parsing, for both APIs.

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

/// The fields of a query. Bytes that are not UTF-8 are refused; `serde_urlencoded` would replace them.
///
/// # Errors
/// When the query is malformed; the text is for the log.
pub fn read<T: DeserializeOwned>(query: &str) -> Result<T, String> {
    percent_decode_str(query).decode_utf8().map_err(|error| error.to_string())?;
    serde_urlencoded::from_str(query).map_err(|error| error.to_string())
}
