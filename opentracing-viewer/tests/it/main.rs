//! The viewer from outside.

mod served;
