//! Protobuf as people read it: each field with its bytes, number, name, wire type and value.

use prost::encoding::{WireType, decode_key, decode_varint};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

/// A field of an encoded message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// How many messages it is inside of.
    pub(super) depth: usize,
    /// Its bytes; those before the fields inside of it, for a message.
    pub(super) bytes: Vec<u8>,
    pub(super) number: u32,
    /// Empty for a field that the message does not have.
    pub(super) name: String,
    pub(super) wire_type: &'static str,
    pub(super) value: String,
}

/// The fields of a message; those before the first that can't be read, and then the rest.
pub(super) fn rows(message: &MessageDescriptor, bytes: &[u8]) -> Vec<Row> {
    let mut rows = Vec::new();
    add(message, bytes, 0, &mut rows);
    rows
}

fn add(message: &MessageDescriptor, mut bytes: &[u8], depth: usize, rows: &mut Vec<Row>) {
    while !bytes.is_empty() {
        match take(message, bytes, depth, rows) {
            Some(rest) => bytes = rest,
            None => {
                let (name, wire_type) = (String::new(), "?");
                rows.push(Row { depth, bytes: bytes.to_vec(), number: 0, name, wire_type, value: String::new() });
                return;
            }
        }
    }
}

/// Adds the first field, and returns the bytes after it.
fn take<'a>(message: &MessageDescriptor, bytes: &'a [u8], depth: usize, rows: &mut Vec<Row>) -> Option<&'a [u8]> {
    let mut rest = bytes;
    let (number, wire_type) = decode_key(&mut rest).ok()?;
    let field = message.get_field(number);
    let (kind_name, value, inner) = match wire_type {
        WireType::Varint => ("varint", varint(field.as_ref(), decode_varint(&mut rest).ok()?), None),
        WireType::SixtyFourBit => {
            let (number, after) = rest.split_first_chunk()?;
            rest = after;
            ("64 bits", eight_bytes(field.as_ref(), *number), None)
        }
        WireType::ThirtyTwoBit => {
            let (number, after) = rest.split_first_chunk()?;
            rest = after;
            ("32 bits", u32::from_le_bytes(*number).to_string(), None)
        }
        WireType::LengthDelimited => {
            let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
            let (content, after) = rest.split_at_checked(length)?;
            rest = after;
            match field.as_ref().map(FieldDescriptor::kind) {
                Some(Kind::Message(inner)) => ("length-delimited", String::new(), Some((inner, content))),
                Some(Kind::String) => ("length-delimited", String::from_utf8_lossy(content).into_owned(), None),
                Some(_) | None => ("length-delimited", String::new(), None),
            }
        }
        WireType::StartGroup | WireType::EndGroup => return None,
    };
    let end = bytes.len() - rest.len() - inner.as_ref().map_or(0, |(_, content)| content.len());
    rows.push(Row {
        depth,
        bytes: bytes.get(..end)?.to_vec(),
        number,
        name: field.map(|field| field.name().to_owned()).unwrap_or_default(),
        wire_type: kind_name,
        value,
    });
    if let Some((inner, content)) = inner {
        add(&inner, content, depth + 1, rows);
    }
    Some(rest)
}

fn varint(field: Option<&FieldDescriptor>, number: u64) -> String {
    match field.map(FieldDescriptor::kind) {
        Some(Kind::Bool) => (number != 0).to_string(),
        Some(Kind::Int32 | Kind::Int64) => number.cast_signed().to_string(),
        Some(_) | None => number.to_string(),
    }
}

fn eight_bytes(field: Option<&FieldDescriptor>, bytes: [u8; 8]) -> String {
    match field.map(FieldDescriptor::kind) {
        Some(Kind::Double) => f64::from_le_bytes(bytes).to_string(),
        Some(_) | None => u64::from_le_bytes(bytes).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::console::playground::operations::Operation;

    #[test]
    fn every_field_has_its_bytes_and_what_they_mean() {
        let answer = &Operation::find("POST /v1/user/edit-nickname").unwrap().answer;
        // Status { number: 300, code: -101, msg: "no" }, then a field that the message does not have, then garbage.
        let status = [8, 0xAC, 2, 16, 0x9B, 255, 255, 255, 255, 255, 255, 255, 255, 1, 26, 2, b'n', b'o'];
        let bytes = [&[10, 18][..], &status, &[0x98, 1, 7], &[10, 200]].concat();
        let shown: Vec<_> = rows(answer, &bytes)
            .into_iter()
            .map(|row| (row.depth, row.bytes.len(), row.number, row.name, row.wire_type, row.value))
            .collect();
        let row = |depth, length, number, name: &str, kind, value: &str| {
            (depth, length, number, name.to_owned(), kind, value.to_owned())
        };
        assert_eq!(
            shown,
            [
                row(0, 2, 1, "status", "length-delimited", ""),
                row(1, 3, 1, "number", "varint", "300"),
                row(1, 11, 2, "code", "varint", "-101"),
                row(1, 4, 3, "msg", "length-delimited", "no"),
                row(0, 3, 19, "", "varint", "7"),
                row(0, 2, 0, "", "?", ""),
            ]
        );
    }
}
