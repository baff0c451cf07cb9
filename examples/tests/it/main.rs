//! Runs the programs as a user does: as processes, over TCP, stopped with Ctrl-C.

// The command `kill` sends Ctrl-C.
#![cfg(unix)]

mod fleet;
mod interop;
// Reads memory and descriptors from /proc.
#[cfg(target_os = "linux")]
mod load;
mod monitoring;
mod process;
mod programs;
mod relay;
mod reports;
mod servers;
mod shop;
mod wire;
