//! Generates the client and server of the shop's gRPC service. The messages are Rust types, so `protoc` is not needed.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let find = Method::builder()
        .name("find")
        .route_name("Find")
        .comment("Finds a customer by name.")
        .input_type("crate::users::UserName")
        .output_type("crate::users::User")
        .codec_path("tonic_prost::ProstCodec")
        .build();
    let users = Service::builder().name("Users").package("acme.shop").method(find).build();
    Builder::new().compile(&[users]);
    println!("cargo::rerun-if-changed=build.rs");
}
