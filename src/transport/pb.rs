//! The messages of `proto/`, in both encodings, made by `build.rs`.
#![expect(missing_docs, reason = "generated")]

include!(concat!(env!("OUT_DIR"), "/diglot.v1.rs"));
include!(concat!(env!("OUT_DIR"), "/aliases.rs"));

/// The compiled proto files, as a serialised `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
