//! The contract of HTTP adapters, on every kind of server and client that the layers are made for.

mod clients;
mod servers;
