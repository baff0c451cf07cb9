//! The gRPC service that knows the customers: its messages, and what `build.rs` makes of them.

#![expect(unreachable_pub, clippy::doc_markdown, reason = "as the generator has it")]

/// What a customer is asked for by.
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
