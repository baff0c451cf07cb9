//! The programs as a user has them: started as processes of their own, spoken to over TCP, ended by Ctrl-C.

// Ctrl-C is pressed by the command `kill`.
#![cfg(unix)]

// Linux tells what a process holds.
#[cfg(target_os = "linux")]
mod load;
mod process;
mod programs;
mod relay;
mod reports;
mod shop;
mod wire;
