//! Tests over real connections, with a client that writes bytes.

mod attempts;
mod client;
mod client_settings;
mod connections;
mod context;
mod contract;
mod decorators;
mod lifetime;
mod names;
mod nested;
mod panics;
mod peers;
mod queues;
mod services;
mod settings;
mod stacks;
mod support;
mod unregistered;
mod upgrades;
mod warnings;
