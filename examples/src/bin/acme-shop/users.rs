//! The gRPC service of the customers: its messages, and the code that `build.rs` generates.

#![expect(unreachable_pub, clippy::doc_markdown, reason = "generated code")]

/// The id of a customer.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct UserName {
    #[prost(string, tag = "1")]
    pub id: String,
}

/// A customer.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct User {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub card: String,
}

include!(concat!(env!("OUT_DIR"), "/acme.shop.Users.rs"));
