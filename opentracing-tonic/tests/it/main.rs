//! gRPC servers and clients over real connections, and clients before answers that no server of ours would give.

mod answers;
mod calls;
mod cancels;
mod context;
mod deadlines;
mod decorators;
mod echo;
mod endings;
mod error_info;
mod figures;
mod interceptors;
mod neighbours;
mod nested;
mod peers;
mod python;
mod refusals;
mod settings;
mod stacks;
mod streams;
mod support;
mod tasks;
mod tls;
mod types;
mod unknown;
mod web;
