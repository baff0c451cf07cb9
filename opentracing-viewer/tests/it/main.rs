//! The viewer from outside.

mod analysis;
mod served;
mod store;
