//! The encodings of `/v1`: their media types, how a body is recognised, decoded and encoded. Another encoding is
//! one more variant here (docs/adr/0014-one-codec.md).

use actix_web::{http::header::HeaderValue, web::Bytes};
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    error::Undecodable,
    json::{self, Aliases},
    pb,
};

/// An encoding of `/v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Protocol Buffers.
    Protobuf,
    /// JSON.
    Json,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Protobuf, Self::Json];

    /// The media types by which a client may name it, ours first.
    #[must_use]
    pub const fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Protobuf => &["application/x-protobuf", "application/protobuf", "application/vnd.google.protobuf"],
            Self::Json => &["application/json"],
        }
    }

    /// The media type of our answers.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// The header with that, made once: making it checks each byte.
    #[must_use]
    pub fn content_type(self) -> HeaderValue {
        static PROTOBUF: HeaderValue = HeaderValue::from_static(Encoding::Protobuf.media_type());
        static JSON: HeaderValue = HeaderValue::from_static(Encoding::Json.media_type());
        match self {
            Self::Protobuf => PROTOBUF.clone(),
            Self::Json => JSON.clone(),
        }
    }

    /// The word in the access log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Protobuf => "protobuf",
            Self::Json => "json",
        }
    }

    /// Whether clients put its media type on bodies of other encodings too, so that it declares nothing.
    #[must_use]
    pub const fn is_declared_falsely(self) -> bool {
        match self {
            Self::Protobuf => false,
            Self::Json => true,
        }
    }

    /// Whether the first byte shows that a body is in this encoding: no protobuf message of ours starts like JSON,
    /// while protobuf can start with any other byte.
    #[must_use]
    pub fn is_certain(self, body: &[u8]) -> bool {
        match self {
            Self::Protobuf => false,
            Self::Json => body.first() == Some(&b'{'),
        }
    }

    /// Whether a body that nothing else tells of may be in this encoding.
    #[must_use]
    pub const fn is_possible(self) -> bool {
        match self {
            Self::Protobuf => true,
            Self::Json => false,
        }
    }

    /// Decodes a request.
    ///
    /// # Errors
    /// What is wrong with it, for the log.
    pub(super) fn decode<T: Message + Default + DeserializeOwned + Aliases>(
        self,
        body: Bytes,
    ) -> Result<T, Undecodable> {
        match self {
            // prost names the field and what is wrong with it, and quotes no value.
            Self::Protobuf => T::decode(body).map_err(|error| Undecodable::NotThatMessage(error.to_string())),
            Self::Json => json::read(&body),
        }
    }

    /// Encodes an answer: the status in front, `payload` behind it. In protobuf the two are messages that merge; in JSON
    /// the payload is `data`, absent where there is nothing to return.
    ///
    /// # Errors
    /// When the payload can't be written as JSON.
    pub(super) fn encode<T: Message + Serialize>(
        self,
        number: u64,
        code: i32,
        msg: &str,
        payload: &T,
    ) -> serde_json::Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            code: i32,
            #[serde(skip_serializing_if = "Option::is_none")]
            data: Option<&'a RawValue>,
            msg: &'a str,
        }
        match self {
            Self::Protobuf => {
                let status = pb::Status { number, code, msg: msg.to_owned() };
                let status = pb::StatusResponse { status: Some(status) };
                let mut bytes = Vec::with_capacity(status.encoded_len() + payload.encoded_len());
                // A vector grows as it must, so that encoding into it can't fail.
                status.encode(&mut bytes).and_then(|()| payload.encode(&mut bytes)).ok();
                Ok(bytes)
            }
            Self::Json => {
                let data = serde_json::value::to_raw_value(payload)?;
                let data = (data.get() != "{}").then_some(&*data);
                serde_json::to_vec(&Envelope { code, data, msg })
            }
        }
    }
}
